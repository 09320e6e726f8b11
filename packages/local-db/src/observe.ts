import { liveQuery, type Observable } from 'dexie';

/**
 * Runs `query` again whenever what it read changes, in this tab or another. Dexie keeps track of reads after an `await`
 * only for a function that is itself declared `async`: that is why the query is wrapped.
 */
export const observe = <T>(query: () => Promise<T>): Observable<T> => liveQuery(async () => query());
