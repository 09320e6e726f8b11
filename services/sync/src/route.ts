import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Context } from 'hono';
import type { Session } from './auth.ts';

/** What the node server hands over besides the request; absent when a test calls the app in memory. */
export interface NodeBindings {
  readonly incoming?: IncomingMessage;
  readonly outgoing?: ServerResponse;
}

export interface AppEnv {
  Bindings: NodeBindings;
  Variables: {
    requestId: string;
    /** the matched route's pattern */
    route: string;
  };
}

export type AppContext = Context<AppEnv>;

/** A route that needs a session. Method and path are matched, and the session is read, before it is called. */
export interface SessionRoute {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  handle(c: AppContext, session: Session): Promise<Response> | Response;
}
