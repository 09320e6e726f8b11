import * as z from 'zod/mini';
import { PULL_RECORDS_MAX, PULL_WAIT_S_MAX } from './limits.ts';
import { wireRecord } from './record.ts';
import { clientId, count, epoch } from './wire.ts';

/** A cursor is checked on its own, as `bad_cursor`: the shape takes anything here. */
export const pullRequest = z.object({
  protocol: z.number().check(z.int()),
  client: clientId,
  epoch: epoch,
  cursors: z.record(z.string(), z.unknown()),
  limit: z.optional(z.number().check(z.int(), z.gte(1), z.lte(PULL_RECORDS_MAX))),
  /** bootstrap only: just these tables */
  tables: z.optional(z.array(z.string())),
  /** seconds */
  wait: z.optional(z.number().check(z.gte(0), z.lte(PULL_WAIT_S_MAX))),
});

export interface PullRequest {
  readonly protocol: number;
  readonly client: string;
  readonly epoch: string;
  readonly cursors: Readonly<Record<string, number>>;
  readonly limit?: number | undefined;
  readonly tables?: readonly string[] | undefined;
  readonly wait?: number | undefined;
}

/** An integer from 0 to 2^53-1. */
export const isCursor = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

export const pulledSpace = z.object({
  head: count,
  /** the last record's seq, or `head` when `more` is false */
  cursor: count,
  more: z.boolean(),
  /** the cursor was below the horizon: replace the copy with what follows from the start, keep the outbox */
  reset: z.boolean(),
  /** tombstones with seq at or below this are forgotten */
  horizon: count,
  records: z.array(wireRecord),
  /** as in the reply */
  recover: z.optional(z.boolean()),
});
export type PulledSpace = z.output<typeof pulledSpace>;

export const pullReply = z.object({
  epoch,
  spaces: z.record(z.string(), pulledSpace),
  /** spaces asked for that the account may not read */
  removed: z.array(z.string()),
  /** the request's epoch was another one: everything from the start, to be merged into the copy */
  recover: z.optional(z.boolean()),
  /** milliseconds since 1970 */
  serverTime: count,
});
export type PullReply = z.output<typeof pullReply>;
