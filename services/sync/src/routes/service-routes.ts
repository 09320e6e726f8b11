import type { Hono } from 'hono';
import type { RouteDeps } from '../app-deps.ts';
import { HttpError } from '../http-error.ts';
import type { AppEnv } from '../route.ts';

const READY_MS_MAX = 2000;

/** What a supervisor and a monitor ask; without a session. */
export function addServiceRoutes(app: Hono<AppEnv>, deps: RouteDeps): void {
  app.get('/healthz', (c) => c.json({ status: 'up' }));
  app.get('/readyz', async (c) => {
    if (await isDatabaseReady(deps)) return c.json({ status: 'ready' });
    const more = { details: { missing: ['database'] }, headers: { 'retry-after': '5' } };
    throw new HttpError('unavailable', 'The database does not answer.', more);
  });
  app.get('/metrics', async (c) =>
    c.body(await deps.metrics.metrics(), 200, { 'content-type': deps.metrics.contentType }),
  );
}

export const SERVICE_PATHS = ['/healthz', '/readyz', '/metrics'] as const;

async function isDatabaseReady({ db, clock }: RouteDeps): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const stop = clock.after(READY_MS_MAX, () => resolve(false));
  db.sql`select 1`.then(
    () => resolve(true),
    () => resolve(false),
  );
  return promise.finally(stop);
}
