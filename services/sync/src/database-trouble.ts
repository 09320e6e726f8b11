/** Codes of the driver for a database that cannot be reached, or was left. */
const DRIVER_CODES: ReadonlySet<string> = new Set([
  'CONNECTION_CLOSED',
  'CONNECTION_ENDED',
  'CONNECTION_DESTROYED',
  'CONNECT_TIMEOUT',
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'ENOENT',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'EAI_AGAIN',
]);
/** Of Postgres: connection trouble, no resources, shutting down or starting, a deadlock or lost race. */
const SQL_STATES = /^(08...|53...|57P0.|40001|40P01|55P03)$/;

/** Whether an error says that the database is not there at the moment: the same request may succeed later. */
export function isDatabaseTrouble(error: unknown): boolean {
  for (let cause = error, steps = 0; cause instanceof Error && steps < 5; cause = cause.cause, steps++) {
    const { code } = cause as { code?: unknown };
    if (typeof code === 'string' && (DRIVER_CODES.has(code) || SQL_STATES.test(code))) return true;
  }
  return false;
}
