import type { Clock } from '@manara/sync-core/clock';
import { type Cursor, START } from '@manara/sync-core/cursor';
import type { Stamp } from '@manara/sync-core/stamp';

/** Who this copy is: one row, read and written in the transaction of every change, so that tabs never disagree. */
export interface Replica {
  readonly key: 'replica';
  /** a guest's copy has a space id of its own making and no outbox */
  readonly kind: 'guest' | 'account';
  readonly space: string;
  /** the clock's node is the client id */
  readonly clock: Clock;
  /** the greatest stamp that came from the server: the clock never falls below it */
  readonly seen: Stamp | null;
  /** the greatest of the stamps that the server took from here, as it took them */
  readonly accepted: Stamp | null;
  /** the server's epoch; null until it was first told */
  readonly epoch: string | null;
  /** the last seq that was answered in this epoch */
  readonly acked: number;
  /** the next outbox entry's place */
  readonly next: number;
  /** how many entries the next batch may have at most, while one that was refused as a whole is searched */
  readonly atMost: number | null;
  /** ms since 1970 of the last time the head was reached */
  readonly pulledAt: number | null;
  /** set in a guest's copy once everything in it was taken over: nothing may be written there any more */
  readonly adopted: boolean;
}

export interface CursorRow extends Cursor {
  readonly key: 'cursor';
  /** during a recovery: what the server lacks is offered for review instead of being sent */
  readonly review: boolean;
}

export interface SchemaRow {
  readonly key: 'schema';
  readonly hash: string;
  readonly tools: string;
}

export interface Origin {
  readonly kind: 'guest' | 'account';
  readonly space: string;
  readonly clientId: string;
}

export const firstReplica = ({ kind, space, clientId }: Origin): Replica => ({
  key: 'replica',
  kind,
  space,
  clock: { ms: 0, counter: 0, node: clientId },
  seen: null,
  accepted: null,
  epoch: null,
  acked: 0,
  next: 1,
  atMost: null,
  pulledAt: null,
  adopted: false,
});

export const FIRST_CURSOR: CursorRow = { ...START, key: 'cursor', review: false };
