import type { Subscription } from 'dexie';
import { createSubscriber, SvelteMap } from 'svelte/reactivity';
import { observe, onChange } from '../observe.ts';

/**
 * The queries on show whose last read failed, with what went wrong, wherever they are made: the frame of the app tells of
 * them all. A query's own getters would make whoever tells of it a reader, and it would never end.
 */
export const failedReads = new SvelteMap<Pick<LiveQuery<unknown, unknown>, 'retry'>, unknown>();

/**
 * A query over local-db that stays current while someone reads it, in this tab and across tabs.
 *
 * Dexie runs the query from a timer, so runes read inside it are not tracked: hand plain values in and make the query
 * anew in `$derived` when they change. All readers share one subscription; it starts with the first effect that reads,
 * and ends with the last. Outside a component the getters just tell what is known. A row that is gone is `ready` with
 * `undefined`.
 *
 * Only `ready` tells that there is nothing: after a failed read `current` is what an earlier one said.
 */
export class LiveQuery<T, Initial = undefined> {
  readonly #query: () => Promise<T>;
  readonly #track: () => void;
  #current: T | Initial;
  #status: 'loading' | 'ready' | 'failed' = 'loading';
  #error: unknown;
  #subscription: Subscription | undefined;
  #stopWaiting: () => void = () => undefined;
  #update: () => void = () => undefined;
  #answered: () => void = () => undefined;

  /** @param initial what `current` is until the first result */
  constructor(query: () => Promise<T>, initial: Initial) {
    this.#query = query;
    this.#current = initial;
    this.#track = createSubscriber((update) => {
      this.#update = update;
      void this.retry();
      return () => {
        this.#stop();
        failedReads.delete(this);
      };
    });
  }

  get current(): T | Initial {
    this.#track();
    return this.#current;
  }
  get status(): 'loading' | 'ready' | 'failed' {
    this.#track();
    return this.#status;
  }
  get error(): unknown {
    this.#track();
    return this.#error;
  }

  /** Reads anew. Resolves with the answer, good or bad. */
  retry(): Promise<void> {
    this.#stop();
    this.#subscription = observe(this.#query).subscribe({
      next: (value) => {
        this.#current = value;
        this.#status = 'ready';
        this.#error = undefined;
        failedReads.delete(this);
        this.#update();
        this.#answered();
      },
      // the last good value stays to be seen
      error: (error: unknown) => {
        this.#status = 'failed';
        this.#error = error;
        failedReads.set(this, error);
        // Dexie does not know what a query would have read that failed: any change may help.
        this.#stopWaiting();
        this.#stopWaiting = onChange(() => void this.retry());
        this.#update();
        this.#answered();
      },
    });
    return new Promise((resolve) => {
      this.#answered = resolve;
    });
  }

  #stop(): void {
    this.#subscription?.unsubscribe();
    this.#stopWaiting();
    this.#answered();
  }
}
