import { Dexie, liveQuery, type Observable } from 'dexie';

/**
 * Runs `query` again whenever what it read changes, in this tab or another. Dexie keeps track of reads after an `await`
 * only for a function that is itself declared `async`: that is why the query is wrapped.
 */
export const observe = <T>(query: () => Promise<T>): Observable<T> => liveQuery(async () => query());

/**
 * Told of every stored change, whatever it touches, in this tab or another.
 *
 * @returns what ends it
 */
export function onChange(listener: () => void): () => void {
  Dexie.on('storagemutated', listener);
  return () => Dexie.on.storagemutated.unsubscribe(listener);
}
