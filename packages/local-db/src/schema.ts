import { hashJson } from '@manara/kernel/hash';
import type { JsonValue } from '@manara/kernel/json';
import { PROPOSAL_INDEXES } from '@manara/shared-ai/proposal';
import type { TableDef } from '@manara/sync-core/define-table';
import { indexedFields } from './row.ts';

/**
 * The stores that are not synced tables. Names start with `$`, which no table's may. The shape of `$outbox` and `$batch`
 * is frozen for ever: an old queue must be readable by every later version.
 */
const OWN_STORES: Readonly<Record<string, string>> = {
  /** OutboxRow: op groups that wait, found by their place and by the records they touch */
  $outbox: 'n, *keys',
  /** FrozenBatch: at most one */
  $batch: 'seq',
  /** RefusedRow: quarantine */
  $refused: 'n',
  /** Repair: records whose refused cells still have to become the server's */
  $repairs: '[table+id]',
  /** MarkRow: records seen in an unfinished reset or recovery */
  $marks: '[table+id]',
  /** StrayRow: records of tables that this version does not know */
  $strays: '[$table+id]',
  /** ReviewRow: what a restored server lacks, when this device was away for too long to send it unasked */
  $review: 'id',
  /** Notice: losing texts of conflicts */
  $notices: 'id, at',
  $proposals: ['id', ...PROPOSAL_INDEXES].join(', '),
  /** single rows by name: replica, cursor, schema */
  $state: 'key',
};

/**
 * Every query is bounded by an index that starts with `$deleted`, so that tombstones are never scanned over. Table names
 * that start with `$` are refused here.
 */
export function storesOf(tables: readonly TableDef[]): Record<string, string> {
  const stores: Record<string, string> = { ...OWN_STORES };
  for (const table of tables) {
    if (!/^[a-z]/.test(table.name)) throw new TypeError(`${table.name}: a table's name starts with a small letter`);
    const indexes = table.indexes.map(
      (index) => `[${['$deleted', ...[index].flat().map((f) => `$k.${f}`)].join('+')}]`,
    );
    stores[table.name] = ['id', '[$deleted+id]', '[$deleted+$seq]', ...indexes].join(', ');
  }
  return stores;
}

/** Changes whenever a row's index keys would be computed otherwise: an indexed field was added or its default changed. */
export function schemaHash(tables: readonly TableDef[]): string {
  const keyed = tables.map((table) => [
    table.name,
    indexedFields(table).map((field) => [field, (table.fields[field]?.default ?? null) as JsonValue]),
  ]);
  return hashJson(keyed as JsonValue);
}

/** Index specs by store, in one order, for comparing what is installed with what is wanted. */
export function specsOf(stores: Readonly<Record<string, string>>): Map<string, Set<string>> {
  return new Map(
    Object.entries(stores).map(([name, spec]) => [name, new Set(spec.split(',').map((part) => part.trim()))]),
  );
}

/**
 * What to open with: the installed stores and the wanted ones together, one version up only when something is new. An
 * older app opens a newer database as it is and leaves alone what it does not know.
 */
export function planVersion(
  installed: { readonly version: number; readonly stores: Readonly<Record<string, string>> } | null,
  wanted: Readonly<Record<string, string>>,
): { readonly version: number; readonly stores: Record<string, string> } {
  if (installed === null) return { version: 1, stores: { ...wanted } };
  const have = specsOf(installed.stores);
  const stores: Record<string, string> = { ...installed.stores };
  let grown = false;
  for (const [name, spec] of Object.entries(wanted)) {
    const old = have.get(name);
    const parts = spec.split(',').map((part) => part.trim());
    const added = parts.filter((part) => !old?.has(part));
    if (old === undefined || added.length > 0) grown = true;
    // the primary key leads and cannot change; indexes are only ever added
    const [key, ...indexes] = old === undefined ? parts : [...old, ...added];
    stores[name] = [key, ...indexes].join(', ');
  }
  return { version: installed.version + (grown ? 1 : 0), stores };
}
