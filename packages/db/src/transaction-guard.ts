import { AsyncLocalStorage } from 'node:async_hooks';
import type { Sql } from './client.ts';

type OpenTransaction = { open: boolean };

const current = new AsyncLocalStorage<OpenTransaction>();

/** Runs `work` marked as being inside a transaction. */
export async function markTransaction<T>(work: () => Promise<T>): Promise<T> {
  const transaction: OpenTransaction = { open: true };
  try {
    return await current.run(transaction, work);
  } finally {
    // Work started inside and never awaited outlives the transaction: it may use the pool again.
    transaction.open = false;
  }
}

/** Throws inside a transaction: waiting for another connection there hangs the embedded engine for ever. */
export function assertOutsideTransaction(what: string): void {
  if (current.getStore()?.open) {
    throw new Error(`${what} inside a transaction: use the handle that inTransaction gave you`);
  }
}

const RESERVES_CONNECTION = new Set<PropertyKey>(['begin', 'reserve', 'unsafe', 'file', 'listen', 'notify']);

/** The pool's handle, refusing every query while the caller is inside a transaction. */
export function guardPool(sql: Sql): Sql {
  return new Proxy(sql, {
    apply(target, thisArg, args: unknown[]) {
      // Called as a plain function (`sql(rows)`) it is only a query fragment.
      const isQuery = Array.isArray(args[0]) && 'raw' in args[0];
      if (isQuery) assertOutsideTransaction('A query on the pool');
      return Reflect.apply(target, thisArg, args);
    },
    get(target, property, receiver) {
      if (RESERVES_CONNECTION.has(property)) assertOutsideTransaction(`sql.${String(property)}`);
      return Reflect.get(target, property, receiver);
    },
  });
}
