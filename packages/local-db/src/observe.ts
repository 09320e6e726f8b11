import { liveQuery, type Observable } from 'dexie';

/** Runs `query` again whenever what it read changes, in this tab or another. */
export const observe = <T>(query: () => Promise<T>): Observable<T> => liveQuery(query);
