import type { JsonValue } from '@manara/kernel/json';
import type { Locks, Peers, Timers } from '@manara/sync-client/ports';

interface Timer {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** Timers on a clock that moves only when it is told to. */
export class FakeTimers implements Timers {
  nowMs = 0;
  readonly #timers = new Set<Timer>();
  #drawn = 0;

  get pending(): number {
    return this.#timers.size;
  }
  /** in how many ms each goes off */
  get pendingDelays(): number[] {
    return [...this.#timers].map((timer) => timer.atMs - this.nowMs);
  }

  after(ms: number, run: () => void): () => void {
    const timer = { atMs: this.nowMs + Math.max(0, ms), order: ++this.#drawn, run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Runs what is due on the way, in order, and lets promises settle after each. */
  async advance(ms: number): Promise<void> {
    const end = this.nowMs + ms;
    for (;;) {
      const [next] = [...this.#timers]
        .filter((timer) => timer.atMs <= end)
        .sort((a, b) => a.atMs - b.atMs || a.order - b.order);
      if (next === undefined) break;
      this.#timers.delete(next);
      this.nowMs = next.atMs;
      next.run();
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    this.nowMs = end;
  }
}

/** Locks of one browser: by name, first come, first served. */
export function fakeLocks(): Locks {
  const queues = new Map<string, Promise<void>>();
  return {
    async hold(name, run, signal) {
      const before = queues.get(name) ?? Promise.resolve();
      const turn = Promise.withResolvers<void>();
      queues.set(
        name,
        before.then(() => turn.promise),
      );
      const stopped = new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
      await Promise.race([before, stopped]);
      if (!signal.aborted) await run();
      turn.resolve();
    },
  };
}

/** The channel between the tabs of one profile. */
export class FakePeers {
  readonly #tabs = new Set<(message: unknown) => void>();

  join(): Peers {
    let own: ((message: unknown) => void) | undefined;
    return {
      post: (message: JsonValue) => {
        for (const tab of this.#tabs) if (tab !== own) queueMicrotask(() => tab(structuredClone(message)));
      },
      listen: (listener) => {
        own = listener;
        this.#tabs.add(listener);
        return () => this.#tabs.delete(listener);
      },
    };
  }
}
