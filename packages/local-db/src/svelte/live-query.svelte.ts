import type { Subscription } from 'dexie';
import { createSubscriber } from 'svelte/reactivity';
import { observe } from '../observe.ts';

/**
 * A query over local-db that stays current while someone reads it, in this tab and across tabs.
 *
 * Dexie runs the query from a timer, so runes read inside it are not tracked: hand plain values in and make the query
 * anew in `$derived` when they change. All readers share one subscription; it starts with the first effect that reads,
 * and ends with the last. Outside a component the getters just tell what is known. A row that is gone is `ready` with
 * `undefined`.
 */
export class LiveQuery<T, Initial = undefined> {
  readonly #query: () => Promise<T>;
  readonly #track: () => void;
  #current: T | Initial;
  #status: 'loading' | 'ready' | 'failed' = 'loading';
  #error: unknown;

  /** @param initial what `current` is until the first result */
  constructor(query: () => Promise<T>, initial: Initial) {
    this.#query = query;
    this.#current = initial;
    this.#track = createSubscriber((update) => {
      const subscription = this.#subscribe(update);
      return () => subscription.unsubscribe();
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

  #subscribe(update: () => void): Subscription {
    return observe(this.#query).subscribe({
      next: (value) => {
        this.#current = value;
        this.#status = 'ready';
        this.#error = undefined;
        update();
      },
      // the last good value stays to be seen
      error: (error: unknown) => {
        this.#status = 'failed';
        this.#error = error;
        update();
      },
    });
  }
}
