import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { inTransaction } from '@manara/db/in-transaction';
import { readHeads } from '@manara/db/pull/read-heads';
import type { RouteDeps } from '../app-deps.ts';
import { rawSink, webSink } from '../live/event-sink.ts';
import type { LiveHub } from '../live/live-hub.ts';
import type { SessionRoute } from '../route.ts';

export function liveRoute({ db }: RouteDeps, hub: LiveHub): SessionRoute {
  return {
    method: 'GET',
    path: '/v1/sync/live',
    async handle(c, session) {
      const heads = await inTransaction(db, { role: 'app', accountId: session.userId }, readHeads);
      const headers = { 'x-request-id': c.get('requestId') };
      if (c.req.method === 'HEAD') return c.body(null, 200, { 'content-type': 'text/event-stream' });
      const outgoing = c.env?.outgoing;
      if (outgoing === undefined) {
        const { sink, response } = webSink(headers);
        hub.open(session, heads, sink);
        return response;
      }
      if (!outgoing.destroyed) hub.open(session, heads, rawSink(outgoing, headers));
      return RESPONSE_ALREADY_SENT;
    },
  };
}
