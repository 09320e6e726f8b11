import { isUuid } from '@manara/kernel/id';
import { EMPTY_DIGEST } from '@manara/sync-core/digest';
import type { Tx } from '../client.ts';
import { isStorableText } from './record-json.ts';

export interface DigestScope {
  readonly spaceId: string;
  readonly table?: string | undefined;
  /** the beginning of an id; only with a table */
  readonly prefix?: string | undefined;
}

export interface Digest {
  readonly head: number;
  readonly digest: string;
  readonly parts: Readonly<Record<string, string>>;
}

/**
 * The digest of a space or a part of it, from one statement and so from one snapshot. Postgres hashes the cells: the
 * event loop stays free. Null when the transaction's account may not read the space.
 */
export async function digest(tx: Tx, { spaceId, table, prefix }: DigestScope): Promise<Digest | null> {
  if (!isUuid(spaceId)) return null;
  const name = table === undefined || isStorableText(table) ? table : '';
  const inTable = table === undefined ? tx`` : tx`and r.table_name = ${name ?? ''}`;
  const inPrefix = prefix === undefined ? tx`` : tx`and r.id::text like ${`${prefix}%`}`;
  const part = table === undefined ? tx`r.table_name` : prefix === undefined ? tx`left(r.id::text, 2)` : tx`r.id::text`;
  const rows = await tx<{ head: number; part: string | null; digest: string | null }[]>`
    with parts as (
      select ${part} as part,
        bit_xor(('x' || left(md5(r.table_name || '|' || r.id || '|' || c.field || '|' || c.stamp), 16))::bit(64)) as bits
      from records r
        join sync_heads h on h.space_id = r.space_id,
        lateral (
          select f.key as field, f.value ->> 1 as stamp from jsonb_each(r.fields) f
          union all
          select '$deleted', r.deleted ->> 1 where r.deleted is not null
        ) c
      where r.space_id = ${spaceId} ${inTable} ${inPrefix}
        -- Clients have forgotten these.
        and not (r.seq <= h.horizon and coalesce((r.deleted ->> 0)::boolean, false))
      group by 1
    )
    select h.seq as head, p.part, lpad(to_hex(p.bits::bigint), 16, '0') as digest
    from sync_heads h left join parts p on true
    where h.space_id = ${spaceId}`;
  const [first] = rows;
  if (first === undefined) return null;
  const parts: Record<string, string> = {};
  let total = BigInt(0);
  for (const row of rows) {
    if (row.part === null || row.digest === null) continue;
    parts[row.part] = row.digest;
    total ^= BigInt(`0x${row.digest}`);
  }
  const all = total === BigInt(0) ? EMPTY_DIGEST : total.toString(16).padStart(16, '0');
  return { head: first.head, digest: all, parts };
}
