import type { RunEnd, RunEvent } from '@manara/protocol/live';
import { SvelteMap } from 'svelte/reactivity';
import type { Seams } from './seams.ts';

/** Nothing was heard of a run for this long: its end was missed, or the server is gone. */
const SILENT_MS = 60_000;
/** The longest that a server lets a run rest before it tries again is shorter. */
const RESTING_MS = 600_000;
const OVER: ReadonlySet<string> = new Set<RunEnd>(['done', 'failed']);
const RESTING: ReadonlySet<string> = new Set<RunEnd>(['queued', 'waiting to try again']);

/** What the server is doing with a mission right now. */
export interface LiveRun {
  readonly runId: string;
  readonly phase: string;
  /** someone works on it; else it rests, to be started once more */
  readonly underWay: boolean;
  /** since the run began, when it was last heard of */
  readonly elapsedMs: number;
  /** ms since 1970 */
  readonly heardAt: number;
}

/** Phases of runs, as the server tells them. Never stored: a plan arrives as ordinary records. */
export class LiveRuns {
  readonly #byMission = new SvelteMap<string, LiveRun>();
  readonly #forget: Record<string, (() => void) | undefined> = {};
  readonly #seams: Pick<Seams, 'after' | 'nowMs'>;

  constructor(seams: Pick<Seams, 'after' | 'nowMs'>) {
    this.#seams = seams;
  }

  /** Read it in markup or `$derived`. */
  of(missionId: string): LiveRun | null {
    return this.#byMission.get(missionId) ?? null;
  }

  hear({ missionId, runId, phase, elapsedMs }: RunEvent): void {
    if (missionId === null) return;
    this.#forget[missionId]?.();
    this.#forget[missionId] = undefined;
    if (OVER.has(phase)) {
      this.#byMission.delete(missionId);
      return;
    }
    const underWay = !RESTING.has(phase);
    this.#byMission.set(missionId, { runId, phase, underWay, elapsedMs, heardAt: this.#seams.nowMs() });
    const silentMs = underWay ? SILENT_MS : RESTING_MS;
    this.#forget[missionId] = this.#seams.after(silentMs, () => this.#byMission.delete(missionId));
  }
}
