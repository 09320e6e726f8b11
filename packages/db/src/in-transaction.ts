import type { Database, Tx } from './client.ts';
import { assertOutsideTransaction, runGuarded } from './transaction-guard.ts';

/**
 * In whose name a transaction works. Row-level security shows
 * - `app` with `accountId`: the spaces of that account and its own devices;
 * - `app` with `spaceId`: that one space (the runner, once it holds a run);
 * - `runner`: schedules and runs of all spaces, nothing else;
 * - `accounts`: spaces and memberships, to make new ones;
 * - `owner`: what the session's user may do. Migrations only.
 */
export type Scope =
  | { role: 'app'; accountId: string }
  | { role: 'app'; spaceId: string }
  | { role: 'runner' }
  | { role: 'accounts' }
  | { role: 'owner' };

/** The database roles, by scope. */
export const ROLE_BY_SCOPE = { app: 'manara_app', runner: 'manara_runner', accounts: 'manara_accounts' } as const;

const CONNECTIONS_TRIED_MAX = 3;
/** The driver's words for it, and the server's when it is shutting down. */
const CONNECTION_LOST = new Set<unknown>(['CONNECTION_CLOSED', 'ECONNRESET', 'EPIPE', '57P01', '57P02']);

/**
 * The only door to a transaction. Commits when `work` returns, rolls back when it throws. Inside, only `tx` may be
 * used: nesting, or a query on the pool, throws.
 */
export async function inTransaction<T>(db: Database, scope: Scope, work: (tx: Tx) => Promise<T>): Promise<T> {
  assertOutsideTransaction('inTransaction');
  for (let attempt = 1; ; attempt++) {
    let started = false;
    const begin = (inside: (tx: Tx) => Promise<{ value: T }>) =>
      db.pool.begin(async (tx) => {
        if (scope.role !== 'owner') await takeScope(tx, scope);
        started = true;
        return inside(tx);
      }) as Promise<{ value: T }>;
    try {
      return await runGuarded(begin, work);
    } catch (error) {
      // A pooled connection that the server closed is noticed by using it. Nothing was done yet: take another one.
      const isStale = CONNECTION_LOST.has((error as { code?: unknown }).code);
      if (started || !isStale || attempt === CONNECTIONS_TRIED_MAX) throw error;
    }
  }
}

/** One round trip. All three settings last until the end of the transaction, as `set local` does. */
async function takeScope(tx: Tx, scope: Exclude<Scope, { role: 'owner' }>): Promise<void> {
  const accountId = 'accountId' in scope ? scope.accountId : '';
  const spaceId = 'spaceId' in scope ? scope.spaceId : '';
  await tx`
    select set_config('role', ${ROLE_BY_SCOPE[scope.role]}, true),
      set_config('manara.account_id', ${accountId}, true),
      set_config('manara.space_id', ${spaceId}, true)`;
}
