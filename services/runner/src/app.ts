import { ERROR_STATUS, type ErrorBody, type ErrorCode, isRetryable } from '@manara/protocol/error';
import { type Context, Hono } from 'hono';
import type { Registry } from 'prom-client';
import { isServiceKey } from './service-key.ts';
import type { TickReport } from './tick-report.ts';

export interface TickRouteDeps {
  readonly serviceKeys: readonly string[];
  tick(): Promise<TickReport>;
  newRequestId(): string;
  onError(error: unknown, requestId: string): void;
}

export interface AppDeps extends TickRouteDeps {
  /** What is not ready, in words; empty when all is. */
  missing(): Promise<readonly string[]>;
  readonly metrics: Registry;
}

/** POST /internal/tick alone: solo mounts it on its one port. */
export function createTickRoute(deps: TickRouteDeps): Hono {
  const app = new Hono();
  app.post('/internal/tick', async (c) => {
    // Fetch joins a repeated header with a comma, which no key holds: it is refused as any other wrong key.
    if (!isServiceKey(c.req.header('x-service-key'), deps.serviceKeys)) {
      return refuse(c, deps, 'unauthenticated', 'The service key is missing or wrong.');
    }
    return c.json(await deps.tick());
  });
  app.all('/internal/tick', (c) => {
    c.header('allow', 'POST');
    return refuse(c, deps, 'method_not_allowed', 'Use POST.');
  });
  answerErrors(app, deps);
  return app;
}

/** The HTTP side of the stand-alone runner. */
export function createApp(deps: AppDeps): Hono {
  const app = new Hono();
  answerErrors(app, deps);
  app.get('/healthz', (c) => c.json({ status: 'up' }));
  app.get('/readyz', async (c) => {
    const missing = await deps.missing();
    if (missing.length === 0) return c.json({ status: 'ready' });
    c.header('retry-after', '5');
    return refuse(c, deps, 'unavailable', `Not ready: ${missing.join(', ')}.`, { missing: [...missing] });
  });
  app.get('/metrics', async (c) =>
    c.body(await deps.metrics.metrics(), 200, { 'content-type': deps.metrics.contentType }),
  );
  app.all('/:route{healthz|readyz|metrics}', (c) => {
    c.header('allow', 'GET, HEAD');
    return refuse(c, deps, 'method_not_allowed', 'Use GET.');
  });
  app.route('/', createTickRoute(deps));
  return app;
}

function answerErrors(app: Hono, deps: TickRouteDeps): void {
  app.notFound((c) => refuse(c, deps, 'not_found', 'There is nothing here.'));
  app.onError((error, c) => {
    const response = refuse(c, deps, 'internal', 'Something went wrong on the server.');
    // The caller gets an id and no text of the error: it may hold SQL or paths.
    deps.onError(error, c.res.headers.get('x-request-id') ?? '');
    return response;
  });
}

function refuse(
  c: Context,
  deps: TickRouteDeps,
  code: ErrorCode,
  message: string,
  details?: Record<string, string[]>,
): Response {
  const requestId = deps.newRequestId();
  c.header('x-request-id', requestId);
  const body: ErrorBody = {
    error: { code, message, requestId, retryable: isRetryable(code), ...(details ? { details } : {}) },
  };
  return c.json(body, ERROR_STATUS[code]);
}
