/** A store whose rows could not be read, with the browser's own words. */
export class UnreadableStore extends Error {
  override readonly name = 'UnreadableStore';
  readonly store: string;

  constructor(store: string, cause: Error) {
    super(cause.message, { cause });
    this.store = store;
  }
}

/** What ends a read that nobody waits for any more, or that a connection takes with it: no fault of the store. */
const ENDED = new Set(['DatabaseClosedError', 'AbortError']);

/** Runs a read of one store; what goes wrong says which. */
export async function reading<T>(store: string, read: () => PromiseLike<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw error instanceof Error && !ENDED.has(error.name) ? new UnreadableStore(store, error) : error;
  }
}
