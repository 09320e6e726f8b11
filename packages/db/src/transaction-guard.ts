import { AsyncLocalStorage } from 'node:async_hooks';

type OpenTransaction = { open: boolean };

const current = new AsyncLocalStorage<OpenTransaction>();

/**
 * Runs `work` marked as being inside a transaction, with a handle that works only until it has ended: when the
 * connection breaks, a later statement would else run on whatever session that handle finds, outside any transaction.
 */
export async function runGuarded<Tx extends object, T>(
  begin: (inside: (tx: Tx) => Promise<{ value: T }>) => Promise<{ value: T }>,
  work: (tx: Tx) => Promise<T>,
): Promise<T> {
  const transaction: OpenTransaction = { open: true };
  const assertOpen = () => {
    if (!transaction.open) throw new Error('A query in a transaction that has ended');
  };
  try {
    const { value } = await begin(async (tx) => {
      const guarded = guard(tx, assertOpen);
      try {
        return { value: await current.run(transaction, () => work(guarded)) };
      } finally {
        // Work started inside and never awaited outlives the transaction: it may use the pool again.
        transaction.open = false;
      }
    });
    return value;
  } finally {
    transaction.open = false;
  }
}

/** Throws inside a transaction: waiting for another connection there hangs the embedded engine for ever. */
export function assertOutsideTransaction(what: string): void {
  if (current.getStore()?.open) {
    throw new Error(`${what} inside a transaction: use the handle that inTransaction gave you`);
  }
}

/** The pool's handle, refusing every query while the caller is inside a transaction. */
export function guardPool<Sql extends object>(sql: Sql): Sql {
  return guard(sql, assertOutsideTransaction);
}

const ASKS_SERVER = new Set<PropertyKey>(['begin', 'savepoint', 'reserve', 'unsafe', 'file', 'listen', 'notify']);

function guard<Handle extends object>(sql: Handle, check: (what: string) => void): Handle {
  return new Proxy(sql, {
    apply(target, thisArg, args: unknown[]) {
      // Called as a plain function (`sql(rows)`) it is only a query fragment.
      const isQuery = Array.isArray(args[0]) && 'raw' in args[0];
      if (isQuery) check('A query on the pool');
      return Reflect.apply(target as (...all: unknown[]) => unknown, thisArg, args);
    },
    get(target, property, receiver) {
      if (ASKS_SERVER.has(property)) check(`sql.${String(property)}`);
      return Reflect.get(target, property, receiver);
    },
  });
}
