import * as z from 'zod/mini';
import { actor, count, stamp, uuid } from './wire.ts';

/** `[value, stamp]` as the server tells it. */
export const cell = z.tuple([z.json(), stamp]);

/** One record, whole, as pull and get send it. A cell that nobody wrote is absent, `deleted` included. */
export const wireRecord = z.object({
  table: z.string(),
  id: uuid,
  seq: count,
  fields: z.record(z.string(), cell),
  deleted: z.optional(z.tuple([z.boolean(), stamp])),
  /** who wrote the record's greatest stamp */
  actor: actor,
  /** who wrote the fields that somebody else wrote; the cell `deleted` is called `deleted` here too */
  actorOf: z._default(z.record(z.string(), actor), {}),
});
export type WireRecord = z.output<typeof wireRecord>;
