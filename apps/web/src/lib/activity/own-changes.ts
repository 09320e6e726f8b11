import type { LocalDb } from '@manara/local-db/open-local-db';
import { inputSourceByTable, modules, tableByName } from '@manara/modules/registry';
import { restoreTodoList } from '@manara/modules/todo/actions';
import { todoLists, todos } from '@manara/modules/todo/schema';
import { missions } from '@manara/shared-ai/tables/missions';
import { executions } from '@manara/shared-ai/tables/plans';
import { type UndoneChanges, undoneByCell, wroteUndo } from '@manara/shared-ai/undo';
import type { AnyRow, TableDef } from '@manara/sync-core/define-table';
import { type Cell, type Cells, DELETED } from '@manara/sync-core/record';
import { parseStamp, stampMs } from '@manara/sync-core/stamp';
import { restore, type Write } from '@manara/sync-core/write';
import type { Activity, DeletedRecord } from './activity.ts';

/** The latest executions among which those are looked for that were undone. */
const UNDONE_READ_MAX = 500;

interface Source {
  readonly row: AnyRow;
  readonly table: TableDef;
  /** where it is shown: the first part of its page's path */
  readonly page: string;
}

/**
 * The last change of each record that a person made by hand. Missions and modules; what the AI did shows as its execution,
 * and what an undo put back as the undo.
 */
export async function ownChanges(db: LocalDb, limit: number, userId: string): Promise<Activity[]> {
  const tables: readonly { table: TableDef; page: string }[] = [
    { table: missions, page: 'missions' },
    ...modules.flatMap((module) => module.tables.map((table) => ({ table, page: module.name }))),
  ];
  const rows = await Promise.all(
    tables.map(async ({ table, page }) =>
      ((await db.reader.list(table, { withDeleted: true })) as unknown as AnyRow[]).map((row) => ({
        row,
        table,
        page,
      })),
    ),
  );
  const latest = rows
    .flat()
    .sort((a, b) => b.row.touchedMs - a.row.touchedMs)
    .slice(0, limit);
  const undone = await readUndone(db);
  const activities = await Promise.all(
    latest.map(async (source) => {
      const last = lastWrite(source, (await db.cells(source.table.name, source.row.id)) ?? {}, undone);
      return last === null ? [] : [ofWrite(source, last, userId)];
    }),
  );
  return activities.flat();
}

async function readUndone(db: LocalDb): Promise<UndoneChanges> {
  const latest = await db.reader.list(executions, { by: 'executedAt', reverse: true, limit: UNDONE_READ_MAX });
  const ids = latest.filter((execution) => execution.status === 'undone').map((execution) => execution.id);
  const cells = await Promise.all(ids.map(async (id) => [id, (await db.cells(executions.name, id)) ?? {}] as const));
  return undoneByCell(new Map(cells));
}

interface LastWrite {
  readonly cell: Cell;
  readonly verb: 'Added' | 'Changed' | 'Deleted' | 'Restored';
}

/** A person's, or null when the last one was not. */
function lastWrite({ row, table }: Source, all: Cells, undone: UndoneChanges): LastWrite | null {
  const cells = Object.entries(all)
    .filter(([field, cell]) => !wroteUndo({ table: table.name, id: row.id, field }, cell, undone))
    .sort(([, a], [, b]) => (a.stamp < b.stamp ? -1 : 1));
  const tombstone = cells.find(([field, cell]) => field === DELETED && cell.value === true);
  // What is written under a tombstone is not to be seen.
  const [field, cell] = tombstone ?? cells.at(-1) ?? [];
  if (cell?.actor?.kind !== 'user') return null;
  if (tombstone !== undefined) return { cell, verb: 'Deleted' };
  if (field === DELETED) return { cell, verb: 'Restored' };
  // Written in one go: the first and the last cell are of one moment.
  const isNew = cells[0] !== undefined && stampMs(cells[0][1].stamp) === stampMs(cell.stamp);
  return { cell, verb: isNew ? 'Added' : 'Changed' };
}

function ofWrite({ row, table, page }: Source, { cell, verb }: LastWrite, userId: string): Activity {
  const name = inputSourceByTable.get(table.name)?.title(row) || String(row.title ?? '') || 'untitled';
  return {
    id: `${table.name}|${row.id}`,
    kind: 'person',
    at: stampMs(cell.stamp),
    actor: cell.actor?.id === userId ? 'You' : (cell.actor?.name ?? ''),
    what: `${verb} “${name}”`,
    reason: cell.actor?.reason ?? '',
    href: row.deleted ? null : hrefOf(table.name, row.id, page),
    missionId: null,
    iterationId: null,
    execution: null,
    deleted: verb === 'Deleted' ? { table: table.name, id: row.id, name } : null,
    state: null,
  };
}

function hrefOf(table: string, id: string, page: string): string {
  if (table === 'notes' || table === 'missions') return `/${table}/${id}`;
  return table === 'todos' ? `/todo?open=${id}` : `/${page}`;
}

/** What brings a deleted record back; a list with the todos that were in it. */
export async function restoring(db: LocalDb, { table, id }: DeletedRecord): Promise<readonly Write[]> {
  if (table === todoLists.name) return restoreTodoList(id, await todosOfDeleted(db, id));
  const def = tableByName.get(table);
  return def === undefined ? [] : [restore(def, id)];
}

/** The todos that were put out of a list by its deletion: one transaction, whose stamps follow upon each other. */
async function todosOfDeleted(db: LocalDb, listId: string) {
  const tombstone = (await db.cells(todoLists.name, listId))?.[DELETED];
  if (tombstone === undefined) return [];
  const deleted = parseStamp(tombstone.stamp);
  const loose = await db.reader.list(todos, { by: 'listId', equals: null });
  const put = await Promise.all(
    loose.map(async (todo) => {
      const stamp = (await db.cells(todos.name, todo.id))?.['listId']?.stamp;
      const { ms, counter, node } = stamp === undefined ? { ms: 0, counter: 0, node: '' } : parseStamp(stamp);
      return ms === deleted.ms && node === deleted.node ? [{ todo, after: counter - deleted.counter }] : [];
    }),
  );
  const inOrder = put
    .flat()
    .filter(({ after }) => after > 0)
    .sort((a, b) => a.after - b.after);
  return inOrder.filter(({ after }, at) => after === at + 1).map(({ todo }) => todo);
}
