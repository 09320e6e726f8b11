import type { Http2Bindings, HttpBindings } from '@hono/node-server';
import { isTraversal } from '@manara/sync/traversal';
import type { StaticWeb } from './static-web.ts';

type Fetch = (request: Request, env: HttpBindings | Http2Bindings) => Response | Promise<Response>;

/** Paths of the sync service; everything else is the web app's, whose pages may have any address. */
const SYNC = /^\/(v1|healthz|readyz|metrics)(\/|$)/;
const TICK = /^\/internal(\/|$)/;

/** One port for all: API, tick and web app. `web` null: no web app was built, and that is said. */
export function routeRequests(parts: { sync: Fetch; tick: Fetch; web: StaticWeb | null }): Fetch {
  return (request, env) => {
    const { pathname } = new URL(request.url);
    // The sync service refuses these; here their dot segments are gone, and a page would answer.
    if (SYNC.test(pathname) || isTraversal(env.incoming.url)) return parts.sync(request, env);
    if (TICK.test(pathname)) return parts.tick(request, env);
    return parts.web ? parts.web(request) : notBuilt();
  };
}

function notBuilt(): Response {
  const text = 'The web app is not built. Start with `npm start`, which builds it.\n';
  return new Response(text, { status: 503, headers: { 'content-type': 'text/plain; charset=utf-8' } });
}
