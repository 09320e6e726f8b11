import type { Api } from './api.ts';
import type { Seams } from './seams.ts';

const KEY = 'manara.sign-out-owed';

/** A sign-out while offline leaves the session's cookie alive: it is ended as soon as the server can be reached. */
export const signOutOwed = (store: Storage): void => store.setItem(KEY, '1');

/** A sign-in replaces the cookie: nothing is owed any more. */
export const forgiveSignOut = (store: Storage): void => store.removeItem(KEY);

/** Tries at once, and then each time the browser says that it is online, until it is done. */
export async function payOwedSignOut(store: Storage, api: Api, seams: Pick<Seams, 'isOnline'>): Promise<void> {
  if (store.getItem(KEY) === null) return;
  if (seams.isOnline() && (await api.signOut()).ok) forgiveSignOut(store);
  else addEventListener('online', () => void payOwedSignOut(store, api, seams), { once: true });
}
