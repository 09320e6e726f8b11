import type { Actor } from '@manara/sync-core/actor';
import type { RowReader } from '@manara/sync-core/reader';
import type { Cells } from '@manara/sync-core/record';
import type { Write } from '@manara/sync-core/write';
import { getContext, setContext } from 'svelte';
import type { LiveQuery } from './live-query.svelte.ts';

export interface WriteOptions {
  /** who writes, when it is not the person: the module writes of an approval carry their own actor anyway */
  readonly actor?: Actor;
}

/** What UI code may do with data. The session makes it; components and modules get it with {@link getApp}. */
export interface AppContext {
  readonly reader: RowReader;
  /**
   * One local transaction, one op group. Resolves true when it was stored; a refusal is shown to the person and
   * resolves false. Takes `$state` proxies.
   */
  write(writes: readonly Write[], options?: WriteOptions): Promise<boolean>;
  /** Like {@link write}. Once it is stored, and only then, says so and offers to take it back for a few seconds. */
  writeWithUndo(writes: readonly Write[], message: string, undo: readonly Write[]): Promise<boolean>;
  /** Cells with stamp and actor per field: who changed what. */
  cells(table: string, id: string): Promise<Cells | undefined>;
  readonly user: Actor;
  readonly clientId: string;
  readonly space: string;
  /** A UUIDv7. */
  newId(): string;
  /** milliseconds since 1970 */
  nowMs(): number;
  /** the person's day, `YYYY-MM-DD` */
  today(): string;
  /** the person's IANA time zone */
  readonly zone: string;
  /** A live query; make it in `$derived` when it depends on reactive values, and pass those in as plain ones. */
  live<T>(query: (reader: RowReader) => Promise<T>): LiveQuery<T>;
  live<T>(query: (reader: RowReader) => Promise<T>, initial: T): LiveQuery<T, T>;
}

const KEY = Symbol('app');

/** Makes the app known to every component below. Call while a component is being set up. */
export const setApp = (app: AppContext): AppContext => setContext(KEY, app);

/** The app. Call while a component is being set up. */
export function getApp(): AppContext {
  const app = getContext<AppContext | undefined>(KEY);
  if (app === undefined) throw new Error('no app above this component: setApp() was not called');
  return app;
}
