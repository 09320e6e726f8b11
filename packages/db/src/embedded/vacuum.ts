import type { Sql } from 'postgres';
import type { Multiplexer } from './multiplexer.ts';

const CHECK_MS = 30_000;
const AFTER_BYTES = 8 * 1024 * 1024;
const AFTER_MS = 15 * 60_000;

/**
 * The embedded engine has no autovacuum: without this, updated rows pile up and the planner never learns table sizes.
 * Vacuums when much was done, or a while after little was done, and only at a moment when nobody waits.
 * Returns the function that stops it.
 */
export function scheduleVacuum(sql: Sql, multiplexer: Multiplexer, onError: (error: unknown) => void): () => void {
  let bytesAtLast = multiplexer.bytesSent;
  let msSinceLast = 0;
  const timer = setInterval(() => {
    msSinceLast += CHECK_MS;
    const done = multiplexer.bytesSent - bytesAtLast;
    const due = done >= AFTER_BYTES || (done > 0 && msSinceLast >= AFTER_MS);
    if (!due || !multiplexer.idle) return;
    msSinceLast = 0;
    sql
      .unsafe('vacuum (analyze)')
      .then(() => {
        bytesAtLast = multiplexer.bytesSent;
      })
      .catch(onError);
  }, CHECK_MS);
  timer.unref();
  return () => clearInterval(timer);
}
