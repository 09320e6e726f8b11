import type { JsonValue } from '@manara/kernel/json';
import type { Actor } from '@manara/sync-core/actor';
import { ACCEPTED, type Cell, type Cells, DELETED } from '@manara/sync-core/record';
import type { Stamp } from '@manara/sync-core/stamp';

/** How `records` keeps a record's cells. `accepted` is one of the fields, so that a pull needs no second look. */
export interface RecordColumns {
  readonly fields: Readonly<Record<string, StoredCell>>;
  readonly deleted: StoredCell | null;
  readonly actors: StoredActors;
}
type StoredCell = readonly [value: JsonValue, stamp: Stamp];

/** As the wire tells them, so that Postgres renders a record without looking into it. */
interface StoredActors {
  readonly actor: Actor;
  readonly actorOf: Readonly<Record<string, Actor>>;
}

const wireName = (name: string): string => (name === DELETED ? 'deleted' : name);

/** `lastWriter` stands for a record none of whose cells has an actor. */
export function toColumns(cells: Cells, lastWriter: Actor): RecordColumns {
  const fields: Record<string, StoredCell> = Object.create(null);
  let deleted: StoredCell | null = null;
  for (const [name, { value, stamp }] of Object.entries(cells)) {
    if (name === DELETED) deleted = [value, stamp];
    else fields[name] = [value, stamp];
  }
  return { fields, deleted, actors: attribution(cells, lastWriter) };
}

export function toCells({ fields, deleted, actors }: RecordColumns): Cells {
  const cells: Record<string, Cell> = Object.create(null);
  for (const [name, [value, stamp]] of Object.entries(fields)) {
    cells[name] = name === ACCEPTED ? { value, stamp } : { value, stamp, actor: actors.actorOf[name] ?? actors.actor };
  }
  if (deleted !== null) {
    const [value, stamp] = deleted;
    cells[DELETED] = { value, stamp, actor: actors.actorOf.deleted ?? actors.actor };
  }
  return cells;
}

/** Who wrote the record's greatest stamp, and the fields that another wrote. */
function attribution(cells: Cells, lastWriter: Actor): StoredActors {
  // `accepted` is the server's and says nothing about who wrote the row.
  const written = Object.entries(cells).filter(([name]) => name !== ACCEPTED);
  let greatest: Cell | undefined;
  for (const [, cell] of written) if (greatest === undefined || cell.stamp > greatest.stamp) greatest = cell;
  const actor = greatest?.actor ?? lastWriter;
  const text = JSON.stringify(sortedActor(actor));
  const actorOf: Record<string, Actor> = {};
  for (const [name, cell] of written) {
    if (cell.actor === undefined || cell.actor === actor) continue;
    if (JSON.stringify(sortedActor(cell.actor)) !== text) actorOf[wireName(name)] = cell.actor;
  }
  return { actor, actorOf };
}

/** Postgres gives keys back in an order of its own. */
const sortedActor = (actor: Actor) => Object.entries(actor).sort(([a], [b]) => (a < b ? -1 : 1));
