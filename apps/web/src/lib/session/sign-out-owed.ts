import type { Api } from './api.ts';
import type { Seams } from './seams.ts';

const KEY = 'manara.sign-out-owed';
/** A server that is up and failed is asked again after this. */
const AGAIN_MS = 60_000;

type Store = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;
type SignOutSeams = Pick<Seams, 'isOnline' | 'sleep'>;

/**
 * A sign-out that the server did not carry out (offline, busy, failed) leaves the session's cookie alive: it is ended as
 * soon as the server can.
 */
export function oweSignOut(store: Store, api: Pick<Api, 'signOut'>, seams: SignOutSeams): void {
  store.setItem(KEY, '1');
  void seams.sleep(AGAIN_MS).then(() => payOwedSignOut(store, api, seams));
}

/** A sign-in replaces the cookie: nothing is owed any more. */
export const forgiveSignOut = (store: Store): void => store.removeItem(KEY);

/** Tries at once, then each time the browser says that it is online and every minute while it is, until it is done. */
export async function payOwedSignOut(store: Store, api: Pick<Api, 'signOut'>, seams: SignOutSeams): Promise<void> {
  while (store.getItem(KEY) !== null) {
    if (!seams.isOnline()) {
      await new Promise((resolve) => addEventListener('online', resolve, { once: true }));
      continue;
    }
    const reply = await api.signOut();
    if (reply.ok || reply.error.code === 'unauthenticated') return forgiveSignOut(store);
    await seams.sleep(AGAIN_MS);
  }
}
