interface Event {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void | Promise<void>;
  cancelled: boolean;
}

/** More events than any sound run has: something turns in circles without end. */
const EVENTS_MAX = 50_000;

/**
 * Virtual time: events run one after another in order of their time, and each to its end (every promise that memory can
 * settle is settled, and what the event itself waits for has happened) before the next one begins.
 */
export class Scheduler {
  /** ms since the run began */
  nowMs = 0;
  events = 0;
  /** a heap: no event is earlier than its parent */
  readonly #heap: Event[] = [];
  #drawn = 0;

  /** @returns what cancels it */
  after(ms: number, run: () => void | Promise<void>): () => void {
    const event: Event = { atMs: this.nowMs + Math.max(0, Math.ceil(ms)), order: ++this.#drawn, run, cancelled: false };
    this.#push(event);
    return () => {
      event.cancelled = true;
    };
  }

  /**
   * Runs until the time is up, or until `done` says so between two events.
   * @returns whether `done` said so
   */
  async runUntil(atMs: number, done: () => boolean = () => false): Promise<boolean> {
    await settle();
    for (;;) {
      if (done()) return true;
      const next = this.#heap[0];
      if (next === undefined || next.atMs > atMs) break;
      this.#pop();
      if (next.cancelled) continue;
      if (++this.events > EVENTS_MAX) throw new Error(`more than ${EVENTS_MAX} events`);
      this.nowMs = Math.max(this.nowMs, next.atMs);
      await next.run();
      await settle();
    }
    this.nowMs = Math.max(this.nowMs, atMs);
    return done();
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let at = heap.push(event) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(event, heap[parent] as Event)) break;
      heap[at] = heap[parent] as Event;
      at = parent;
    }
    heap[at] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1] as Event, heap[child] as Event)) child++;
      if (!before(heap[child] as Event, last)) break;
      heap[at] = heap[child] as Event;
      at = child;
    }
    heap[at] = last;
  }
}

const before = (a: Event, b: Event): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);

/** All microtasks run before an immediate does. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
