import type { ReviewRow } from '@manara/local-db/review';
import { tableByName } from '@manara/modules/registry';
import type { AnyRow } from '@manara/sync-core/define-table';
import type { Refused } from '@manara/sync-core/outbox';
import type { RowReader } from '@manara/sync-core/reader';
import { stampMs } from '@manara/sync-core/stamp';
import { refusalWords } from '#lib/errors/error-words.ts';
import type { RefusedChange } from '#lib/shell/sync-status.ts';

/** Where a refused record can be opened to change it by hand. */
export function pageOf(table: string, id: string): string | null {
  const pages: Readonly<Record<string, string>> = {
    todos: `/todo?open=${id}`,
    notes: `/notes/${id}`,
    missions: `/missions/${id}`,
  };
  return pages[table] ?? null;
}

/** A quarantined change in a person's words, with what can be done about it. */
export async function refusedWords(reader: RowReader, refused: Refused): Promise<RefusedChange> {
  const at = Math.max(
    0,
    refused.verdicts.findIndex(({ code }) => code !== 'group_refused'),
  );
  const op = refused.ops[at];
  const code = refused.verdicts[at]?.code ?? '';
  const table = tableByName.get(op?.table ?? '');
  const row = table && op ? ((await reader.get(table, op.id)) as AnyRow | undefined) : undefined;
  const sent = op?.fields?.title?.[0];
  const title = typeof sent === 'string' && sent !== '' ? sent : typeof row?.title === 'string' ? row.title : '';
  const stamps = Object.values(op?.fields ?? {}).map((cell) => stampMs(cell[1]));
  const page = op === undefined ? null : pageOf(op.table, op.id);
  return {
    id: String(refused.n),
    title: title || `A change in ${op?.table ?? 'an unknown place'}`,
    reason: refusalWords(code),
    at: Math.max(0, ...stamps),
    repairs: [
      { id: 'retry', label: 'Send again' },
      ...(page !== null && row !== undefined ? [{ id: `open:${page}`, label: 'Open to change it' }] : []),
      { id: 'discard', label: 'Let it go', danger: true },
    ],
  };
}

/** What a restored server lacks and this device was away for too long to send unasked. */
export async function reviewWords(reader: RowReader, review: ReviewRow): Promise<RefusedChange> {
  const table = tableByName.get(review.table);
  const row = table ? ((await reader.get(table, review.recordId)) as AnyRow | undefined) : undefined;
  const title = typeof row?.title === 'string' ? row.title : '';
  return {
    id: review.id,
    title: title || `A change in ${review.table}`,
    reason: 'The server was restored from an older backup and does not have it.',
    at: row?.touchedMs ?? 0,
    repairs: [
      { id: 'keep', label: 'Send it' },
      { id: 'drop', label: 'Let it go', danger: true },
    ],
  };
}
