import type { RunPhase } from '@manara/protocol/live';
import type { RunnerClock } from './seams.ts';

export interface LeaseDeps {
  readonly clock: RunnerClock;
  readonly leaseMs: number;
  /** Extends the lease; false: another worker holds the run, or it was cancelled. */
  renew(phase: RunPhase): Promise<boolean>;
  /** Tells the app how the run gets on. */
  tell(phase: RunPhase, elapsedMs: number): void;
  onRenewError(error: unknown): void;
}

/** A run that is held: renewed behind the worker's back until it ends. */
export interface Lease {
  /** Aborts when the process stops or the lease is lost: nothing that follows may be written. */
  readonly signal: AbortSignal;
  /** Whether the run belongs to someone else now. */
  lost(): boolean;
  /** Says what the run is doing. */
  enter(phase: RunPhase): void;
  /** Ends the renewals; none is under way when it resolves. */
  end(): Promise<void>;
}

/**
 * Renews three times per lease. A renewal that fails (the database is away) is tried again until the lease has run out
 * by this process's own clock; the fence in the write-back is what really protects, this only saves the work.
 */
export function keepLease(deps: LeaseDeps, stop: AbortSignal): Lease {
  const controller = new AbortController();
  const startedMs = deps.clock.nowMs();
  const everyMs = deps.leaseMs / 3;
  let phase: RunPhase = 'starting';
  let heldUntilMs = startedMs + deps.leaseMs;
  let lost = false;
  let ended = false;
  let cancel = () => {};
  let renewing: Promise<void> = Promise.resolve();

  const abort = () => controller.abort();
  if (stop.aborted) abort();
  stop.addEventListener('abort', abort);

  const lose = () => {
    lost = true;
    controller.abort();
  };
  const tell = () => deps.tell(phase, deps.clock.nowMs() - startedMs);

  async function renewOnce(): Promise<void> {
    const askedMs = deps.clock.nowMs();
    try {
      if (await deps.renew(phase)) heldUntilMs = askedMs + deps.leaseMs;
      else lose();
    } catch (error) {
      deps.onRenewError(error);
      if (deps.clock.nowMs() >= heldUntilMs) lose();
    }
  }

  function schedule(): void {
    cancel = deps.clock.after(everyMs, () => {
      renewing = renewOnce().then(() => {
        if (ended || lost) return;
        tell();
        schedule();
      });
    });
  }
  schedule();

  return {
    signal: controller.signal,
    lost: () => lost,
    enter: (next) => {
      phase = next;
      tell();
    },
    end: async () => {
      ended = true;
      cancel();
      stop.removeEventListener('abort', abort);
      await renewing;
    },
  };
}
