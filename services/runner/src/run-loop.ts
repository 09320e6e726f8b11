import type { RunnerClock } from './seams.ts';
import { sleep } from './sleep.ts';
import { addReports, EMPTY_REPORT, type TickReport } from './tick-report.ts';

/** What the loop drives: generic in the run, so that it is tested without a database. */
export interface LoopDeps<Run> {
  readonly clock: RunnerClock;
  /** Takes up to `limit` runs that are ready. May throw: the loop reports it and goes on. */
  claim(limit: number): Promise<{ readonly runs: readonly Run[]; readonly report: Partial<TickReport> }>;
  /** Carries one run to its end. The signal means: stop, give the run back. */
  execute(run: Run, signal: AbortSignal): Promise<Partial<TickReport>>;
  onError(error: unknown, during: 'claim' | 'run'): void;
  readonly tickMs: number;
  /** runs at once */
  readonly concurrency: number;
}

export interface RunLoop {
  /** Looks for work every `tickMs` until the signal aborts or `stop`, then ends what is under way. */
  run(signal: AbortSignal): Promise<void>;
  /** Takes no more work and asks the runs under way to stop. */
  stop(): void;
  /** Resolves when nothing is under way. */
  drain(): Promise<void>;
  /** Does all that is due now and says what came of it. Ticks never overlap: those that come meanwhile share the next. */
  tick(): Promise<TickReport>;
  /** Looks for work at once. */
  wake(): void;
}

export function createRunLoop<Run>(deps: LoopDeps<Run>): RunLoop {
  const stopping = new AbortController();
  const underWay = new Set<Promise<void>>();
  let claiming: Promise<unknown> = Promise.resolve();
  let wakeUp = new AbortController();
  let onEnd: ((part: Partial<TickReport>) => void) | undefined;
  let currentTick: Promise<TickReport> | undefined;
  let nextTick: Promise<TickReport> | undefined;

  async function carry(run: Run): Promise<void> {
    let part: Partial<TickReport>;
    try {
      part = await deps.execute(run, stopping.signal);
    } catch (error) {
      // A run that fails ends alone: the others and the loop go on.
      deps.onError(error, 'run');
      part = { errors: 1 };
    }
    onEnd?.(part);
  }

  function start(run: Run): void {
    const work = carry(run).finally(() => {
      underWay.delete(work);
      // A free place may be what a waiting run needs.
      wakeUp.abort();
    });
    underWay.add(work);
  }

  /** One claim at a time, so that two callers do not both fill the same free places. */
  function fill(): Promise<{ started: number; report: Partial<TickReport> }> {
    const filled = claiming.then(async () => {
      const free = deps.concurrency - underWay.size;
      if (free <= 0 || stopping.signal.aborted) return { started: 0, report: {} };
      try {
        const { runs, report } = await deps.claim(free);
        for (const run of runs) start(run);
        return { started: runs.length, report };
      } catch (error) {
        deps.onError(error, 'claim');
        return { started: 0, report: { errors: 1 } };
      }
    });
    claiming = filled;
    return filled;
  }

  async function oneTick(): Promise<TickReport> {
    const ended: Partial<TickReport>[] = [];
    onEnd = (part) => ended.push({ ...part, claimed: 1 });
    let report = EMPTY_REPORT;
    for (;;) {
      const filled = await fill();
      report = addReports(report, filled.report);
      if (filled.started === 0 && underWay.size === 0) break;
      // All of them, and not the first: a tick answers for whole plans.
      await Promise.all(underWay);
    }
    onEnd = undefined;
    return ended.reduce<TickReport>(addReports, report);
  }

  function tick(): Promise<TickReport> {
    if (!currentTick) {
      currentTick = oneTick().finally(() => {
        currentTick = undefined;
      });
      return currentTick;
    }
    nextTick ??= currentTick
      .catch(() => EMPTY_REPORT)
      .then(() => {
        nextTick = undefined;
        return tick();
      });
    return nextTick;
  }

  async function run(signal: AbortSignal): Promise<void> {
    const end = () => stop();
    signal.addEventListener('abort', end);
    if (signal.aborted) stop();
    while (!stopping.signal.aborted) {
      wakeUp = new AbortController();
      await fill();
      if (!stopping.signal.aborted) await sleep(deps.clock, deps.tickMs, wakeUp.signal);
    }
    signal.removeEventListener('abort', end);
    await drain();
  }

  function stop(): void {
    stopping.abort();
    wakeUp.abort();
  }

  async function drain(): Promise<void> {
    await claiming;
    while (underWay.size > 0) await Promise.all(underWay);
  }

  return { run, stop, drain, tick, wake: () => wakeUp.abort() };
}
