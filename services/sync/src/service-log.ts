/** Where the service writes what happened: pino, or a list in a test. Details hold no secret and no record. */
export interface ServiceLog {
  debug(details: object, message: string): void;
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}

/**
 * What a log may hold of an error: its kind and where in the code it arose. A message, and the detail of a database's, may
 * quote what a person wrote: `Key (email)=(ada@example.org) already exists`.
 */
export function tellError(error: unknown): object {
  if (!(error instanceof Error)) return { name: typeof error };
  const { code, constraint_name: constraint } = error as { code?: unknown; constraint_name?: unknown };
  const stack = (error.stack ?? '').replace(error.message, '');
  return { name: error.name, code, constraint, stack: stack.slice(Math.max(0, stack.indexOf('\n    at '))) };
}
