import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { type Context, Hono } from 'hono';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { AppDeps, RouteDeps } from './app-deps.ts';
import type { Session } from './auth.ts';
import { judgeOrigin } from './auth-origin.ts';
import { isDatabaseTrouble } from './database-trouble.ts';
import { errorResponse, HttpError } from './http-error.ts';
import { createLiveHub, type LiveHub } from './live/live-hub.ts';
import { createDeviceNotes } from './note-device.ts';
import { readBody } from './read-body.ts';
import { createRequestLimiter } from './request-limiter.ts';
import { requireSession } from './require-session.ts';
import type { AppContext, AppEnv, SessionRoute } from './route.ts';
import { devicesRoute, meRoute, revokeDeviceRoute } from './routes/account-routes.ts';
import { digestRoute, getRoute } from './routes/get-route.ts';
import { liveRoute } from './routes/live-route.ts';
import { plannerRoutes } from './routes/planner-routes.ts';
import { pullRoute } from './routes/pull-route.ts';
import { pushRoute } from './routes/push-route.ts';
import { addServiceRoutes, SERVICE_PATHS } from './routes/service-routes.ts';
import { newRequestId } from './seams.ts';
import { tellError } from './service-log.ts';
import { isTraversal } from './traversal.ts';

/**
 * Every HTTP route of the sync service. Checks come in the order of the protocol: route, method, origin, session, query,
 * then what the route itself reads: media type, size, JSON, depth, protocol, shape, epoch, seq or cursor, ops.
 */
export function createApp(given: AppDeps): Hono<AppEnv> {
  const deps: RouteDeps = {
    ...given,
    metrics: given.metrics ?? new Registry(),
    newRequestId: given.newRequestId ?? newRequestId,
    stopping: given.stopping ?? new AbortController().signal,
  };
  const app = new Hono<AppEnv>();
  const hub = createLiveHub(deps);
  deps.stopping.addEventListener('abort', () => hub.close(), { once: true });
  observeRequests(app, deps, hub);
  answerErrors(app, deps);

  addServiceRoutes(app, deps);
  const devices = createDeviceNotes(deps.clock);
  const routes: SessionRoute[] = [
    meRoute(deps),
    devicesRoute(deps),
    revokeDeviceRoute(deps, hub),
    pushRoute(deps, devices),
    pullRoute(deps, devices),
    getRoute(deps),
    digestRoute(deps),
    liveRoute(deps, hub),
    ...plannerRoutes(deps),
  ];
  const admit = createAdmission(deps);
  for (const route of routes) {
    app.on(route.method, route.path, async (c) => {
      c.set('route', route.path);
      const session = await admit(c);
      refuseRepeatedKeys(c);
      const response = await route.handle(c, session);
      if (!isAlreadySent(response)) {
        for (const cookie of session.setCookies) response.headers.append('set-cookie', cookie);
      }
      return response;
    });
  }
  for (const path of new Set(routes.map((route) => route.path))) {
    refuseOtherMethods(
      app,
      path,
      routes.filter((route) => route.path === path).map((route) => route.method),
    );
  }
  for (const path of SERVICE_PATHS) refuseOtherMethods(app, path, ['GET']);
  app.all('/v1/auth/*', (c) => handleAuth(c, deps));
  // What is mounted behind this app (the web app's fallback page) has no part of the API.
  app.all('/v1/*', () => {
    throw new HttpError('not_found', 'There is nothing here.');
  });
  return app;
}

function observeRequests(app: Hono<AppEnv>, deps: RouteDeps, hub: LiveHub): void {
  const seconds = new Histogram({
    name: 'manara_http_request_seconds',
    help: 'Time to answer, by route and status',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 10, 30],
    registers: [deps.metrics],
  });
  new Gauge({
    name: 'manara_live_streams',
    help: 'Open event streams',
    registers: [deps.metrics],
    collect() {
      this.set(hub.size);
    },
  });
  app.use('*', async (c, next) => {
    const requestId = deps.newRequestId();
    c.set('requestId', requestId);
    const startMs = deps.clock.nowMs();
    if (isTraversal(c.env?.incoming?.url)) throw new HttpError('not_found', 'There is nothing here.');
    await next();
    const ms = deps.clock.nowMs() - startMs;
    const status = c.res.status;
    // The pattern, not the path: a path can hold anything.
    const route = c.get('route') ?? 'other';
    seconds.observe({ method: c.req.method, route, status }, ms / 1000);
    const level = status >= 500 ? 'warn' : 'debug';
    deps.log[level]({ requestId, method: c.req.method, route, status, ms }, 'request');
    if (isAlreadySent(c.res)) return;
    c.res.headers.set('x-request-id', requestId);
    c.res.headers.set('x-content-type-options', 'nosniff');
  });
}

/** An event stream is written past the framework, which gets a constant instead: its headers are everybody's. */
const isAlreadySent = (response: Response): boolean => response === RESPONSE_ALREADY_SENT;

function answerErrors(app: Hono<AppEnv>, deps: RouteDeps): void {
  const failures = new Counter({
    name: 'manara_http_failures_total',
    help: 'Requests that failed for a reason of the server',
    labelNames: ['code'],
    registers: [deps.metrics],
  });
  app.notFound((c) => errorResponse(new HttpError('not_found', 'There is nothing here.'), c.get('requestId')));
  app.onError((error, c) => {
    const requestId = c.get('requestId') ?? deps.newRequestId();
    if (error instanceof HttpError) return errorResponse(error, requestId);
    const isTrouble = isDatabaseTrouble(error);
    failures.inc({ code: isTrouble ? 'unavailable' : 'internal' });
    // The caller gets an id and no text of the error: it may hold SQL, paths or values.
    deps.log.error({ requestId, err: tellError(error) }, isTrouble ? 'the database is not there' : 'a request failed');
    const answer = isTrouble
      ? new HttpError('unavailable', 'The database does not answer at the moment.', { headers: { 'retry-after': '2' } })
      : new HttpError('internal', 'Something went wrong on the server.');
    return errorResponse(answer, requestId);
  });
}

/** Origin, session and rate, in this order. */
function createAdmission(deps: RouteDeps): (c: AppContext) => Promise<Session> {
  const limiter = createRequestLimiter(deps.clock);
  return async (c) => {
    const { headers } = c.req.raw;
    if (judgeOrigin(headers, deps.config.publicUrl) !== null) {
      throw new HttpError('forbidden_origin', 'This request comes from another site.');
    }
    const session = await requireSession(deps.auth, headers);
    const waitMs = limiter.take(session.userId);
    if (waitMs !== null) {
      const retry = { headers: { 'retry-after': String(Math.ceil(waitMs / 1000)) } };
      throw new HttpError('rate_limited', 'This account sends too many requests.', retry);
    }
    return session;
  };
}

/** Which of two values counts would be a guess. */
function refuseRepeatedKeys(c: Context): void {
  const keys = [...new URL(c.req.url).searchParams.keys()];
  if (new Set(keys).size < keys.length) throw new HttpError('bad_query', 'A key of the query is there twice.');
}

function refuseOtherMethods(app: Hono<AppEnv>, path: string, methods: readonly string[]): void {
  const allow = methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])).join(', ');
  app.all(path, () => {
    throw new HttpError('method_not_allowed', `Use ${allow}.`, { headers: { allow } });
  });
}

/** The auth library reads bodies without a bound of its own. */
function handleAuth(c: AppContext, deps: RouteDeps): Promise<Response> {
  const peer = c.env?.incoming?.socket.remoteAddress;
  return deps.auth.handle(c.req.raw, peer, () => readBody(c, deps.clock));
}
