import { type RecordKey, recordKey } from '@manara/sync-core/record';
import type { Tx } from '../client.ts';
import { type RecordColumns, toCells, toColumns } from '../records/record-row.ts';
import type { ChangedRecord, LogEntry, StoredRecord } from './ingest-state.ts';
import type { IngestPlan } from './plan-ingest.ts';

interface RecordRow extends RecordColumns {
  space: string;
  table: string;
  id: string;
  seq: number;
}

/** The records of these keys as they stand. Read after their heads were locked, they stay so until the commit. */
export async function readRecords(tx: Tx, keys: readonly RecordKey[]): Promise<Map<string, StoredRecord>> {
  if (keys.length === 0) return new Map();
  const rows = await tx<RecordRow[]>`
    select r.space_id as space, r.table_name as table, r.id, r.fields, r.deleted, r.actors, r.seq
    from unnest(
      ${keys.map((key) => key.space)}::uuid[],
      ${keys.map((key) => key.table)}::text[],
      ${keys.map((key) => key.id)}::uuid[]
    ) as k (space_id, table_name, id)
    join records r on r.space_id = k.space_id and r.table_name = k.table_name and r.id = k.id`;
  return new Map(rows.map((row) => [recordKey(row), { cells: toCells(row), seq: row.seq }]));
}

/** Writes what a plan changed: records, log and heads. */
export async function writePlan(
  tx: Tx,
  plan: IngestPlan,
  writer: { readonly accountId: string | null; readonly client: string },
): Promise<void> {
  // Sent together on one connection; the server works them off in order.
  await Promise.all([
    writeRecords(tx, plan.changed),
    writeLog(tx, plan.log, writer),
    writeHeads(tx, plan.heads, plan.serverTimeMs),
  ]);
}

// Text, not a json parameter: the driver would hold the parsed rows and the text at once, and read its type first.
const jsonText = (rows: object): string => JSON.stringify(rows);

async function writeRecords(tx: Tx, changed: readonly ChangedRecord[]): Promise<void> {
  if (changed.length === 0) return;
  const rows = changed.map(({ space, table, id, seq, cells, actor }) => ({
    space_id: space,
    table_name: table,
    id,
    seq,
    accepted: cells.accepted?.value,
    ...toColumns(cells, actor),
  }));
  await tx`
    insert into records (space_id, table_name, id, fields, deleted, actors, accepted, seq)
    select r.space_id, r.table_name, r.id, r.fields, r.deleted, r.actors, r.accepted, r.seq
    from jsonb_to_recordset(${jsonText(rows)}::text::jsonb) as r (
      space_id uuid, table_name text, id uuid, fields jsonb, deleted jsonb, actors jsonb, accepted text, seq bigint)
    on conflict (space_id, table_name, id) do update set
      fields = excluded.fields, deleted = excluded.deleted, actors = excluded.actors, accepted = excluded.accepted,
      seq = excluded.seq`;
}

async function writeLog(
  tx: Tx,
  log: readonly LogEntry[],
  writer: { readonly accountId: string | null; readonly client: string },
): Promise<void> {
  if (log.length === 0) return;
  const rows = log.map(({ space, table, id, seq, cells, actor, group }) => ({
    space_id: space,
    table_name: table,
    id,
    seq,
    cells,
    actor,
    group_id: group,
  }));
  await tx`
    insert into changes (space_id, seq, table_name, id, cells, actor, account_id, client, group_id)
    select l.space_id, l.seq, l.table_name, l.id, l.cells, l.actor, ${writer.accountId}, ${writer.client}, l.group_id
    from jsonb_to_recordset(${jsonText(rows)}::text::jsonb) as l (
      space_id uuid, seq bigint, table_name text, id uuid, cells jsonb, actor jsonb, group_id uuid)`;
}

async function writeHeads(tx: Tx, heads: ReadonlyMap<string, number>, serverTimeMs: number): Promise<void> {
  if (heads.size === 0) return;
  await tx`
    update sync_heads h set seq = n.seq, server_time_ms = ${serverTimeMs}::bigint
    from unnest(${[...heads.keys()]}::uuid[], ${[...heads.values()]}::bigint[]) as n (space_id, seq)
    where h.space_id = n.space_id`;
}
