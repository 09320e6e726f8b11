import type { Batch } from '@manara/sync-core/wire-op';
import * as z from 'zod/mini';
import { actor, clientId, count, epoch, heads, stamp, uuid } from './wire.ts';

/** Why one op was refused, in the order in which an op is judged: the first that applies is told. */
export const OP_CODES = [
  'bad_op',
  'forbidden_space',
  'unknown_table',
  'bad_id',
  'unknown_field',
  'forbidden_field',
  'bad_stamp',
  'node_mismatch',
  'bad_actor',
  'field_too_large',
  'invalid_string',
  'unsafe_number',
  'invalid_value',
  'immutable',
  'taken',
  'below_horizon',
] as const;

/** The verdict on an innocent op of a group in which another was refused. */
export const GROUP_REFUSED = 'group_refused';

export const opCode = z.enum([...OP_CODES, GROUP_REFUSED]);
export type OpCode = z.output<typeof opCode>;

const opCell = z.union([z.tuple([z.json(), stamp]), z.tuple([z.json(), stamp, stamp])]);

/**
 * One op as a client must send it. The server does not read ops with this schema: it judges each alone and never lets
 * one bad op fail the request.
 */
export const wireOp = z.object({
  space: uuid,
  table: z.string(),
  id: uuid,
  group: z.optional(uuid),
  fields: z.optional(z.record(z.string(), opCell)),
  deleted: z.optional(opCell),
  actor: actor,
});

const envelope = {
  protocol: z.number().check(z.int()),
  client: clientId,
  epoch: epoch,
};
const seq = z.number().check(z.int(), z.gte(1), z.lte(Number.MAX_SAFE_INTEGER));
const recovery = z.optional(z.boolean());

/** `POST /v1/sync/push`, fully described. */
export const pushRequest = z.object({ ...envelope, batch: z.object({ seq, ops: z.array(wireOp), recovery }) });

/** What the server checks before it judges the ops one by one. */
export const pushEnvelope = z.object({ ...envelope, batch: z.object({ seq, ops: z.array(z.unknown()), recovery }) });

export interface PushRequest {
  readonly protocol: number;
  readonly client: string;
  readonly epoch: string;
  readonly batch: Batch;
}

export const opResult = z.discriminatedUnion('status', [
  z.object({
    status: z.literal('ok'),
    /** cells whose replaced stamp was not the stored one; `deleted` is called `deleted` */
    conflicts: z.optional(z.array(z.string())),
    /** cells that did not win */
    lost: z.optional(z.array(z.string())),
  }),
  z.object({ status: z.literal('rejected'), code: opCode, message: z.string() }),
]);
export type OpResult = z.output<typeof opResult>;

export const pushReply = z.object({
  seq: count,
  /** one per op, in the batch's order */
  results: z.array(opResult),
  /** old stamp -> new stamp: to be rewritten in records and outbox in the transaction that stores this reply */
  restamped: z.record(z.string(), stamp),
  heads,
  epoch,
  /** milliseconds since 1970 */
  serverTime: count,
});
export type PushReply = z.output<typeof pushReply>;
