import { isUuid } from '@manara/kernel/id';
import type { JsonValue } from '@manara/kernel/json';
import { ACTOR_BYTES_MAX } from '@manara/protocol/limits';
import type { SpaceRole } from '@manara/protocol/me';
import type { OpCode } from '@manara/protocol/push';
import { FIELD_BYTES_MAX, invalidValue, type TableDef } from '@manara/sync-core/define-table';
import { ACCEPTED, DELETED } from '@manara/sync-core/record';
import { isStamp, stampNode } from '@manara/sync-core/stamp';
import type { Op, WireCell } from '@manara/sync-core/wire-op';
import { exceedsBytes, hasInvalidString, hasUnsafeNumber, isReservedValue } from './check-value.ts';
import { readOp } from './read-op.ts';

/** In whose name a batch is written. */
export type Writer =
  | {
      readonly kind: 'account';
      readonly userId: string;
      readonly client: string;
      /** a recovery batch of a client that may send one: other nodes, actors and server-owned fields are taken */
      readonly mayRecover: boolean;
    }
  | { readonly kind: 'system'; readonly client: string };

export interface JudgeContext {
  readonly writer: Writer;
  /** spaces that the writer is a member of, by id */
  readonly roles: ReadonlyMap<string, SpaceRole>;
  readonly tables: ReadonlyMap<string, TableDef>;
}

export interface Refusal {
  readonly code: OpCode;
  readonly message: string;
}

/** An op whose own content is in order; whether it may change what is stored is judged later. */
export interface SoundOp {
  readonly op: Op;
  readonly table: TableDef;
  /** the op's cells by field name, {@link DELETED} included */
  readonly cells: readonly NamedCell[];
}
export type NamedCell = readonly [name: string, cell: WireCell];

export type Judged = { readonly sound: SoundOp } | { readonly refusal: Refusal };

const refuse = (code: OpCode, message: string): { readonly refusal: Refusal } => ({ refusal: { code, message } });

/** The verdict on an op by itself: the first code of the protocol's list that applies, or that it is sound. */
export function judgeOp(value: unknown, context: JudgeContext): Judged {
  const op = readOp(value);
  if (op === null || (op.group !== undefined && !isUuid(op.group))) {
    return refuse('bad_op', 'not an op: see the protocol for its shape');
  }
  const role = context.roles.get(op.space);
  if (role === undefined || role === 'viewer') return refuse('forbidden_space', 'this account may not write there');
  const table = context.tables.get(op.table);
  if (table === undefined) return refuse('unknown_table', 'this server knows no such table');
  if (!isUuid(op.id)) return refuse('bad_id', 'an id is a lower-case UUID');
  const cells: NamedCell[] = Object.entries(op.fields ?? {});
  if (op.deleted !== undefined) cells.push([DELETED, op.deleted]);
  const refusal =
    judgeNames(table, op, context.writer) ??
    judgeStamps(cells, context.writer) ??
    judgeActor(op, table, context.writer) ??
    judgeContent(op, table, cells);
  return refusal ?? { sound: { op, table, cells } };
}

type MaybeRefused = { readonly refusal: Refusal } | null;

const mayRecover = (writer: Writer): boolean => writer.kind === 'account' && writer.mayRecover;

const isServerOwned = (table: TableDef, name: string): boolean => table.insertOnly && name === ACCEPTED;

function judgeNames(table: TableDef, op: Op, writer: Writer): MaybeRefused {
  const names = Object.keys(op.fields ?? {});
  const known = (name: string) => Object.hasOwn(table.fields, name) || isServerOwned(table, name);
  if (!names.every(known)) return refuse('unknown_field', `${table.name} has no such field`);
  if (!mayRecover(writer) && names.some((name) => isServerOwned(table, name))) {
    return refuse('forbidden_field', `${table.name}.${ACCEPTED} is the server's`);
  }
  return null;
}

function judgeStamps(cells: readonly NamedCell[], writer: Writer): MaybeRefused {
  if (!cells.every(([, [, stamp, replaced]]) => isStamp(stamp) && (replaced === undefined || isStamp(replaced)))) {
    return refuse('bad_stamp', 'a stamp is mmmmmmmmmmmm-cccc-nnnnnnnnnnnnnnnn in lower-case hex');
  }
  if (!mayRecover(writer) && !cells.every(([, [, stamp]]) => stampNode(stamp) === writer.client)) {
    return refuse('node_mismatch', "a stamp's node is the id of the client that sends it");
  }
  return null;
}

function judgeActor({ actor }: Op, table: TableDef, writer: Writer): MaybeRefused {
  const refusal = refuse('bad_actor', 'this writer may not write here as that actor');
  switch (actor.kind) {
    case 'user':
      if (mayRecover(writer)) return null;
      return writer.kind === 'account' && actor.id === writer.userId ? null : refusal;
    case 'ai':
      return table.aiMayWrite || mayRecover(writer) ? null : refusal;
    case 'system':
      return writer.kind === 'system' || mayRecover(writer) ? null : refusal;
    default:
      return refusal;
  }
}

/** Each code over all cells before the next code: the order of codes is the protocol's, that of fields means nothing. */
function judgeContent(op: Op, table: TableDef, cells: readonly NamedCell[]): MaybeRefused {
  const actor = op.actor as unknown as JsonValue;
  const where = (name: string) => `${table.name}.${name === DELETED ? 'deleted' : name}`;
  const first = (wrong: (value: JsonValue, name: string) => boolean) =>
    cells.find(([name, [value]]) => wrong(value, name))?.[0];

  const large = first((value, name) => exceedsBytes(value, maxBytes(table, name)));
  if (large !== undefined) return refuse('field_too_large', `${where(large)} is longer than its limit`);
  if (exceedsBytes(actor, ACTOR_BYTES_MAX)) return refuse('field_too_large', 'the actor is longer than its limit');

  const text = first(hasInvalidString);
  if (text !== undefined) return refuse('invalid_string', `${where(text)} holds NUL or a lone surrogate`);
  if (hasInvalidString(actor)) return refuse('invalid_string', 'the actor holds NUL or a lone surrogate');

  const number = first(hasUnsafeNumber);
  if (number !== undefined) return refuse('unsafe_number', `${where(number)} is not a finite number within 2^53-1`);

  for (const [name, cell] of cells) {
    const problem = invalidCell(table, name, cell);
    if (problem !== null) return refuse('invalid_value', problem);
  }
  return null;
}

function maxBytes(table: TableDef, name: string): number {
  return Object.hasOwn(table.fields, name) ? (table.fields[name]?.maxBytes ?? FIELD_BYTES_MAX) : FIELD_BYTES_MAX;
}

function invalidCell(table: TableDef, name: string, [value, stamp]: WireCell): string | null {
  if (name === DELETED) return typeof value === 'boolean' ? null : `${table.name}.deleted is true or false`;
  if (isServerOwned(table, name)) return value === stamp ? null : `${table.name}.${name} is its own stamp`;
  if (isReservedValue(value)) return `${table.name}.${name}: an object with one key that starts with $ is reserved`;
  return invalidValue(table, name, value);
}
