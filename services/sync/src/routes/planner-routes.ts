import { inTransaction } from '@manara/db/in-transaction';
import { readPrompt } from '@manara/db/runs/read-prompt';
import { isUuid } from '@manara/kernel/id';
import type { Planner, RouteDeps } from '../app-deps.ts';
import { HttpError } from '../http-error.ts';
import { createRequestLimiter } from '../request-limiter.ts';
import type { SessionRoute } from '../route.ts';

/** A test calls the model and costs money: a few at once, then one every twelve seconds. */
const TEST_LIMITS = { burst: 5, perSecond: 1 / 12 };

function plannerOf(deps: RouteDeps): Planner {
  if (deps.planner !== undefined) return deps.planner;
  const headers = { 'retry-after': '60' };
  throw new HttpError('unavailable', 'No planner runs together with this server.', {
    details: { missing: ['planner'] },
    headers,
  });
}

export function plannerRoutes(deps: RouteDeps): SessionRoute[] {
  const tests = createRequestLimiter(deps.clock, TEST_LIMITS);
  return [
    { method: 'GET', path: '/v1/planner', handle: (c) => c.json(plannerOf(deps).info()) },
    {
      method: 'POST',
      path: '/v1/planner/test',
      async handle(c, session) {
        const planner = plannerOf(deps);
        const waitMs = tests.take(session.userId);
        if (waitMs !== null) {
          const headers = { 'retry-after': String(Math.ceil(waitMs / 1000)) };
          throw new HttpError('rate_limited', 'Too many tests of the model.', { headers });
        }
        return c.json(await planner.probe());
      },
    },
    {
      method: 'GET',
      path: '/v1/prompts/:iteration',
      async handle(c, session) {
        const [spaceId, iterationId] = [c.req.query('space'), c.req.param('iteration')];
        const prompt =
          isUuid(spaceId) && isUuid(iterationId)
            ? await inTransaction(deps.db, { role: 'app', accountId: session.userId }, (tx) =>
                readPrompt(tx, { spaceId, iterationId }),
              )
            : null;
        if (prompt === null) throw new HttpError('not_found', 'There is no prompt of this iteration.');
        return c.json(prompt);
      },
    },
  ];
}
