import type { RunEvent } from '@manara/protocol/live';
import type { InputSource, Rule, Tool } from '@manara/shared-ai/tool';
import type { TableDef } from '@manara/sync-core/define-table';
import type { PatientModel } from './model/ask-with-retries.ts';
import type { RunStore } from './run-store.ts';
import type { RunnerClock, RunnerRandom } from './seams.ts';
import type { RunnerStamper } from './stamp-writes.ts';

/** Everything that carrying out a run needs; made once by createRunner. */
export interface RunnerContext {
  readonly store: RunStore;
  readonly clock: RunnerClock;
  readonly random: RunnerRandom;
  readonly log: RunnerLog;
  readonly pokes: RunnerPokes;
  /** null: rules alone */
  readonly model: PatientModel | null;
  readonly stamper: RunnerStamper;
  readonly registry: RunnerRegistry;
  readonly tuning: RunnerTuning;
  newId(): string;
}

/** What the modules declare. */
export interface RunnerRegistry {
  readonly tools: ReadonlyMap<string, Tool>;
  readonly tables: ReadonlyMap<string, TableDef>;
  readonly rules: readonly Rule[];
  readonly inputSources: readonly InputSource[];
}

export interface RunnerTuning {
  readonly tickMs: number;
  /** runs at once in this process */
  readonly concurrency: number;
  readonly leaseMs: number;
  /** a run claimed this often without an end is dead */
  readonly attemptsMax: number;
  /** before the second attempt; doubled for each further one */
  readonly backoffMs: number;
  readonly backoffMaxMs: number;
}

export const RUNNER_TUNING: RunnerTuning = {
  tickMs: 2000,
  concurrency: 4,
  leaseMs: 60_000,
  attemptsMax: 5,
  backoffMs: 5000,
  backoffMaxMs: 300_000,
};

/** pino's shape, so that its logger fits as it is. */
export interface RunnerLog {
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}

/** How connected devices hear of what the runner does. */
export interface RunnerPokes {
  /** last sequence number by space */
  heads(heads: Readonly<Record<string, number>>): void;
  run(spaceId: string, event: RunEvent): void;
}
