import { canonicalJson } from '@manara/kernel/canonical-json';
import { hashJson } from '@manara/kernel/hash';
import type { JsonValue } from '@manara/kernel/json';
import type { Actor } from '@manara/sync-core/actor';
import { readRow, type TableDef } from '@manara/sync-core/define-table';
import type { RowReader } from '@manara/sync-core/reader';
import { type Cell, type Cells, DELETED, greatestStamp } from '@manara/sync-core/record';
import { formatStamp, nextReading, parseStamp, type Stamp, stampMs, stampNode } from '@manara/sync-core/stamp';
import { put, type Write } from '@manara/sync-core/write';
import { isAfter, valueBefore } from './change.ts';
import { type DecideContext, decisionWrite } from './decide.ts';
import { type Change, type Execution, executions } from './tables/plans.ts';

/** Reads a record's cells with who wrote each: what undo needs and rows do not tell. */
export interface CellReader {
  cells(table: string, id: string): Promise<Cells | undefined>;
  /** finds what was undone before; without it an undo knows only what it is given */
  readonly reader?: RowReader;
}

/** The latest executions among which those are looked for that were undone on the same records. */
const UNDONE_READ_MAX = 500;

export interface UndoContext extends DecideContext {
  /** cells of the records that the executions changed, and of the undone executions of these, from {@link loadCells} */
  readonly cells: ReadonlyMap<string, Cells>;
  readonly tables: ReadonlyMap<string, TableDef>;
}

/** A field that stays as it is, because someone changed it after the execution. */
export interface KeptField {
  readonly stepId: string;
  readonly table: string;
  readonly id: string;
  readonly field: string;
  /** who wrote what stands now */
  readonly by: Actor | undefined;
}

export interface Undone {
  /** one op group an execution: call the write door once for each */
  readonly groups: readonly (readonly Write[])[];
  readonly undone: readonly string[];
  readonly kept: readonly KeptField[];
}

const cellsKey = (table: string, id: string): string => `${table}|${id}`;
const cellKey = ({ table, id, field }: Change): string => `${cellsKey(table, id)}|${field}`;

/** Loads the cells of every record that these executions changed, and of the executions of these that were undone. */
export async function loadCells(reader: CellReader, toUndo: readonly Execution[]): Promise<ReadonlyMap<string, Cells>> {
  const loaded = new Map<string, Cells>();
  const load = async (table: string, id: string): Promise<void> => {
    const key = cellsKey(table, id);
    if (loaded.has(key)) return;
    const cells = await reader.cells(table, id);
    if (cells !== undefined) loaded.set(key, cells);
  };
  const changes = toUndo.flatMap((execution) => execution.changes);
  for (const { table, id } of changes) await load(table, id);
  const isRestorable = ({ table, id, field }: Change) => mayBeUndos(loaded.get(cellsKey(table, id))?.[field]);
  if (reader.reader === undefined || !changes.some(isRestorable)) return loaded;
  const latest = await reader.reader.list(executions, {
    by: 'executedAt',
    from: 0,
    reverse: true,
    limit: UNDONE_READ_MAX,
  });
  for (const { id, status, changes: others } of latest) {
    if (status === 'undone' && others.some((other) => loaded.has(cellsKey(other.table, other.id))))
      await load(executions.name, id);
  }
  return loaded;
}

interface Entry {
  readonly execution: Execution;
  readonly change: Change;
}

/** The mark of a record that came into being: it had no state before. */
export const isCreate = (change: Change): boolean => change.field === DELETED && change.before === null;
const wroteBy = (cell: Cell, execution: Execution): boolean =>
  cell.actor?.kind === 'ai' && cell.actor.executionId === execution.id;
const same = (a: JsonValue, b: JsonValue): boolean => canonicalJson(a) === canonicalJson(b);

/** An undo writes as the person who undoes. */
const mayBeUndos = (cell: Cell | undefined): cell is Cell => cell !== undefined && cell.actor?.kind === 'user';

/** What an execution that was undone did to one cell. */
interface UndoneChange {
  readonly change: Change;
  /** of the row of its execution */
  readonly cells: Cells;
}

/** What executions that were undone did, by cell: what {@link wroteUndo} looks at. */
export type UndoneChanges = ReadonlyMap<string, readonly UndoneChange[]>;

/** @param cells of the rows of the executions that were undone, by id */
export const undoneByCell = (cells: ReadonlyMap<string, Cells>): UndoneChanges =>
  undoneChanges(new Map([...cells].map(([id, of]) => [cellsKey(executions.name, id), of])));

/** Whether undo wrote this cell, and no person by hand. */
export function wroteUndo(
  at: { readonly table: string; readonly id: string; readonly field: string },
  cell: Cell,
  undone: UndoneChanges,
): boolean {
  const changes = undone.get(`${cellsKey(at.table, at.id)}|${at.field}`) ?? [];
  // What had been created was deleted again.
  return isByUndo(cell, changes) || (cell.value === true && isByUndo(cell, changes, isCreate));
}

/** What was undone before, by cell. */
function undoneChanges(loaded: ReadonlyMap<string, Cells>): ReadonlyMap<string, readonly UndoneChange[]> {
  const all = [...loaded].flatMap(([key, cells]) => {
    const [table, id = ''] = key.split('|');
    if (table !== executions.name) return [];
    return readRow(executions, id, cells).changes.map((change) => ({ change, cells }));
  });
  return Map.groupBy(all, ({ change }) => cellKey(change));
}

/**
 * Whether an undo wrote this cell: then what stands is what stood before, and whoever had set that is its owner again. An
 * undo leaves no mark of its own in the cell, but no one else can have written it so:
 * - it has the value from before an undone execution, by the device that undid this, not after it
 * - its stamp is of the moment of an undone execution, which {@link stampAbove} keeps; a person writes later than what
 *   they see
 */
function isByUndo(
  cell: Cell,
  undone: readonly UndoneChange[],
  takesBack = (change: Change): boolean => isBefore(change, cell.value),
): boolean {
  if (!mayBeUndos(cell)) return false;
  const restored = undone.some(({ change, cells }) => {
    const undoing = cells['status']?.stamp ?? '';
    return takesBack(change) && stampNode(undoing) === stampNode(cell.stamp) && cell.stamp <= undoing;
  });
  return restored && undone.some(({ cells }) => executedMs(cells) === stampMs(cell.stamp));
}

/** When an undone execution wrote, by its own clock: the undo has written its status again. */
function executedMs(cells: Cells): number {
  const { status: _status, ...written } = cells;
  return stampMs(greatestStamp(written) ?? '');
}

/** Whether a value may be what stood before the change; of long text only the part that differs is known. */
function isBefore(change: Change, value: JsonValue): boolean {
  const { splice } = change;
  if (splice === undefined) return same(change.before, value);
  const undone = splice.inserted === '' || !isAfter(change, value);
  return typeof value === 'string' && value.startsWith(splice.removed, splice.at) && undone;
}

/**
 * Just above the stamp of the cell that is undone, with the own node: it wins over that cell and loses to every edit
 * made after it elsewhere, also to one that this device has not seen yet. The one exception to rising stamps.
 */
function stampAbove(stamp: Stamp, clientId: string): Stamp {
  const { ms, counter } = parseStamp(stamp);
  return formatStamp({ ...nextReading(ms, counter), node: clientId });
}

/** What is taken back so far, by execution and record. */
class Restoring {
  readonly writes = new Map<string, Map<string, Write>>();
  readonly restored = new Set<string>();
  readonly kept: KeptField[] = [];

  add(execution: Execution, change: Change, value: JsonValue, stamp: Stamp): void {
    const ofExecution = this.writes.get(execution.id) ?? new Map<string, Write>();
    this.writes.set(execution.id, ofExecution);
    const key = cellsKey(change.table, change.id);
    const write = ofExecution.get(key) ?? { table: change.table, id: change.id };
    const stamps = { ...write.stamps, [change.field]: stamp };
    const next =
      change.field === DELETED ? { deleted: value === true } : { set: { ...write.set, [change.field]: value } };
    ofExecution.set(key, { ...write, ...next, stamps });
  }

  keep({ execution, change }: Entry, cell: Cell): void {
    const { table, id, field } = change;
    this.kept.push({ stepId: execution.stepId, table, id, field, by: cell.actor });
  }
}

/** Fields of a created record that someone else has changed since: then it is theirs, and stays. */
function touchedSince(
  created: readonly Change[],
  { effectiveArgs }: Execution,
  cells: Cells,
  selected: ReadonlySet<string>,
  table: TableDef | undefined,
): readonly [string, Cell][] {
  return Object.entries(cells).filter(([field, cell]) => {
    if (field === DELETED) return false;
    if (cell.actor?.kind === 'ai' && selected.has(cell.actor.executionId ?? '')) return false;
    const change = created.find((one) => one.field === field);
    // Long text is not recorded; the arguments hold it, where it is one of them.
    const unrecorded = effectiveArgs[field] ?? (table?.fields[field]?.default as JsonValue | undefined);
    const asCreated = change === undefined ? unrecorded : change.after;
    return asCreated === undefined || !same(asCreated, cell.value);
  });
}

/**
 * Takes executions back: a step's, an iteration's or a mission's. Each field whose cell still has an execution as its
 * writer becomes what it was; fields that someone touched since stay and are listed. A record that an execution created
 * is deleted, unless someone changed it since: then it stays whole.
 */
export function undo(toUndo: readonly Execution[], context: UndoContext): Undone {
  const latestFirst = toUndo
    .filter((execution) => execution.status === 'done')
    .sort((a, b) => b.executedAt - a.executedAt || (a.id < b.id ? 1 : -1));
  const selected = new Set(latestFirst.map((execution) => execution.id));
  const restoring = new Restoring();
  const handled = undoCreates(latestFirst, selected, restoring, context);
  const byCell = new Map<string, Entry[]>();
  for (const execution of latestFirst) {
    for (const change of execution.changes) {
      if (
        handled.has(`${execution.id}|${cellsKey(change.table, change.id)}`) ||
        handled.has(cellsKey(change.table, change.id))
      )
        continue;
      const key = cellKey(change);
      byCell.set(key, [...(byCell.get(key) ?? []), { execution, change }]);
    }
  }
  const undoneBefore = undoneChanges(context.cells);
  for (const [key, entries] of byCell) undoCell(entries, restoring, context, undoneBefore.get(key) ?? []);
  return compose(latestFirst, restoring, context);
}

/** @returns keys of records that are dealt with: whole when deleted, for the creating execution when it stays */
function undoCreates(
  latestFirst: readonly Execution[],
  selected: ReadonlySet<string>,
  restoring: Restoring,
  context: UndoContext,
): ReadonlySet<string> {
  const handled = new Set<string>();
  for (const execution of latestFirst) {
    for (const change of execution.changes.filter(isCreate)) {
      const key = cellsKey(change.table, change.id);
      const cells = context.cells.get(key);
      const tombstone = cells?.[DELETED];
      const created = execution.changes.filter((one) => one.table === change.table && one.id === change.id);
      const touched =
        cells === undefined ? [] : touchedSince(created, execution, cells, selected, context.tables.get(change.table));
      handled.add(`${execution.id}|${key}`);
      if (tombstone?.value === true || cells === undefined || tombstone === undefined) {
        // Deleted by someone already, or never arrived: there is nothing to take away.
        restoring.restored.add(execution.id);
        handled.add(key);
      } else if (touched.length > 0) {
        for (const [field, cell] of touched) restoring.keep({ execution, change: { ...change, field } }, cell);
      } else {
        restoring.restored.add(execution.id);
        restoring.add(execution, change, true, stampAbove(tombstone.stamp, context.clientId));
        handled.add(key);
      }
    }
  }
  // Later changes of a record that goes are taken back with it.
  for (const execution of latestFirst) {
    if (execution.changes.some((change) => handled.has(cellsKey(change.table, change.id))))
      restoring.restored.add(execution.id);
  }
  return handled;
}

/** Walks one cell back through the selected executions that wrote it, the latest first. */
function undoCell(
  entries: readonly Entry[],
  restoring: Restoring,
  context: UndoContext,
  undoneBefore: readonly UndoneChange[],
): void {
  const first = entries[0];
  if (first === undefined) return;
  const { table, id, field } = first.change;
  const cell = context.cells.get(cellsKey(table, id))?.[field];
  if (cell === undefined) return;
  const at = isByUndo(cell, undoneBefore) ? 0 : entries.findIndex((entry) => wroteBy(cell, entry.execution));
  let value = cell.value;
  let owner: Entry | undefined;
  for (const entry of at < 0 ? [] : entries.slice(at)) {
    if (!isAfter(entry.change, value)) continue;
    value = valueBefore(entry.change, value);
    owner ??= entry;
    restoring.restored.add(entry.execution.id);
  }
  if (owner !== undefined)
    restoring.add(owner.execution, owner.change, value, stampAbove(cell.stamp, context.clientId));
  else
    for (const entry of entries) {
      // Someone put the old value back by hand: what undo would do is done.
      if (same(valueBefore(entry.change, cell.value), cell.value)) restoring.restored.add(entry.execution.id);
      else restoring.keep(entry, cell);
    }
}

function compose(latestFirst: readonly Execution[], restoring: Restoring, context: UndoContext): Undone {
  const groups: Write[][] = [];
  const undone: string[] = [];
  for (const execution of latestFirst) {
    if (!restoring.restored.has(execution.id) && execution.changes.length > 0) continue;
    const { stepId, missionId, iterationId } = execution;
    const seen = { stepId, missionId, iterationId, argsHash: hashJson(execution.effectiveArgs) };
    groups.push([
      ...(restoring.writes.get(execution.id)?.values() ?? []),
      put(executions, execution.id, { status: 'undone' }),
      decisionWrite(seen, 'undo', context),
    ]);
    undone.push(stepId);
  }
  return { groups, undone, kept: restoring.kept };
}
