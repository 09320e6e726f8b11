import type { LiveQuery } from '@manara/local-db/svelte/live-query.svelte';

/**
 * A query that is made anew when its bounds change. What the one before it said stays until the new one has answered, so
 * that a longer list neither flashes nor loses its place, nor takes what is being typed below it away.
 */
export class KeptQuery<T> {
  readonly #make: () => LiveQuery<T, T | undefined>;
  readonly #query = $derived.by(() => this.#make());
  #last: T | undefined;

  /** @param make reads what the query depends on, and hands it in as plain values */
  constructor(make: () => LiveQuery<T, T | undefined>) {
    this.#make = make;
  }

  readonly current: T | undefined = $derived.by(() => {
    if (this.#query.status === 'ready') this.#last = this.#query.current;
    return this.#last;
  });
  /** As of the query; `loading` only while nothing has ever been loaded. */
  readonly status: 'loading' | 'ready' | 'failed' = $derived.by(() =>
    this.#query.status === 'loading' && this.current !== undefined ? 'ready' : this.#query.status,
  );
}
