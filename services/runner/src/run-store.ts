import type { ClaimedRun } from '@manara/db/runs/run';
import type { RunPhase } from '@manara/protocol/live';
import type { RowReader } from '@manara/sync-core/reader';
import type { Stamp } from '@manara/sync-core/stamp';
import type { Op } from '@manara/sync-core/wire-op';

/**
 * What the runner does to the database, each in one transaction. The real one is database-run-store.ts; the logic above
 * it is tested and simulated over memory.
 */
export interface RunStore {
  /** Due missions become runs, and up to `limit` ready ones are leased to this process. */
  claim(limit: number): Promise<ClaimedRuns>;
  /** Extends the lease; false: not held any more. */
  renew(run: ClaimedRun, phase: RunPhase): Promise<boolean>;
  /** Reads one space's merged state. */
  read<T>(spaceId: string, work: (reader: SpaceReader) => Promise<T>): Promise<T>;
  /** Writes through ingest and ends the run, or neither. */
  writeBack(run: ClaimedRun, writeBack: WriteBack): Promise<WriteBackResult>;
  /** Writes through ingest for a run that nobody holds any more (dead when claimed). */
  write(spaceId: string, ops: readonly Op[]): Promise<WriteBackResult>;
  /** Ends the attempt; the run is tried again later or is dead. Null: not held any more. */
  fail(run: ClaimedRun, failure: AttemptFailure): Promise<'failed' | 'dead' | null>;
  /** Gives the run back as it was. */
  release(run: ClaimedRun): Promise<void>;
  /** Ends a run that has nothing to do. */
  cancel(run: ClaimedRun): Promise<void>;
}

export interface ClaimedRuns {
  readonly claimed: readonly ClaimedRun[];
  /** used up their attempts by killing or outlasting their workers */
  readonly dead: readonly ClaimedRun[];
  readonly due: number;
  /** missions that cannot be scheduled any more, with the reason */
  readonly unschedulable: readonly { readonly spaceId: string; readonly missionId: string; readonly error: string }[];
}

export interface SpaceReader extends RowReader {
  /** The stamps of a record's cells: what a write must come after. */
  stampsOf(table: string, id: string): Promise<readonly Stamp[]>;
}

export interface WriteBack {
  readonly ops: readonly Op[];
  /** the exact prompt of an iteration */
  readonly prompt: KeptPrompt | null;
  /** null: the run is done; else this attempt is its last and failed */
  readonly failure: AttemptFailure | null;
  /** more to write in the same transaction, out of the state as it is after `ops`; what of it is refused is left out */
  readonly follow: ((reader: SpaceReader) => Promise<readonly Op[]>) | null;
}

export interface KeptPrompt {
  readonly iterationId: string;
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  readonly model: string;
  readonly version: string;
  readonly hash: string;
}

export interface AttemptFailure {
  /** for the owner: no stack, no secrets */
  readonly message: string;
  /** tries no more, whatever attempts are left */
  readonly final: boolean;
}

export type WriteBackResult =
  | { readonly status: 'written'; readonly heads: Readonly<Record<string, number>> }
  /** another worker holds the run, or it was cancelled: nothing was written */
  | { readonly status: 'lost' }
  /** ingest refused an op: nothing was written */
  | { readonly status: 'refused'; readonly refusals: readonly Refusal[] };

export interface Refusal {
  readonly table: string;
  readonly id: string;
  readonly code: string;
  readonly message: string;
}
