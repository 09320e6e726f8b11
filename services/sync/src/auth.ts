import { randomUUID } from 'node:crypto';
import { createPersonalSpace } from '@manara/db/accounts/create-personal-space';
import { takeRateToken } from '@manara/db/accounts/take-rate-token';
import type { Database } from '@manara/db/client';
import { betterAuth } from 'better-auth';
import { createAuthMiddleware } from 'better-auth/api';
import { bearer } from 'better-auth/plugins/bearer';
import { PostgresJSDialect } from 'kysely-postgres-js';
import { clientAddressBehind } from './auth-client-address.ts';
import { isSecureHost, judgeOrigin } from './auth-origin.ts';

export type AuthConfig = {
  /** Signs cookies and tokens; at least 32 characters. */
  secret: string;
  signup: 'open' | 'closed';
  /** `MANARA_PUBLIC_URL`, or null when there is none. */
  publicUrl: string | null;
  /** Addresses or CIDR ranges whose `X-Forwarded-For` is believed. */
  trustedProxies: readonly string[];
};

export type AuthDeps = {
  db: Database;
  config: AuthConfig;
  log: { warn(details: object, message: string): void; error(details: object, message: string): void };
};

export type Session = {
  id: string;
  token: string;
  userId: string;
  email: string;
  name: string;
  expiresAt: Date;
  /** `Set-Cookie` values to pass on: the library prolongs a session that is in use. */
  setCookies: string[];
};

export type Auth = {
  /** Answers `/v1/auth/*`. `peer` is the address at the other end of the socket. */
  handle(request: Request, peer: string | undefined): Promise<Response>;
  /** The session that a cookie or a Bearer token names, or null. */
  readSession(headers: Headers): Promise<Session | null>;
};

const BASE_PATH = '/v1/auth';
/** Written by this server alone, never taken from a request. */
const ADDRESS_HEADER = 'x-manara-client-address';
const SESSION_SECONDS = 30 * 24 * 60 * 60;
const SESSION_PROLONG_AFTER_SECONDS = 24 * 60 * 60;

/** Each a minute, from one address. At least 20 sign-ups and sign-ins must always pass. */
const RATE_WINDOW_SECONDS = 60;
const SIGN_IN_MAX = 40;
const OTHER_MAX = 600;

/** Nothing here sends mail, links foreign accounts or shows pages. */
const DISABLED_PATHS = [
  '/error',
  '/ok',
  '/sign-in/social',
  '/link-social',
  '/request-password-reset',
  '/reset-password',
  '/send-verification-email',
  '/verify-email',
  '/change-email',
];

/** Accounts and sessions. The library's tables are in the migrations, in the schema `auth`. */
export function createAuth(deps: AuthDeps): Auth {
  const { config } = deps;
  // Whether cookies are Secure is fixed when an instance is made, and depends on how the request came.
  const plain = createInstance(deps, 'http://localhost');
  const secure = config.publicUrl?.startsWith('https:') ? createInstance(deps, config.publicUrl) : plain;
  const instanceFor = (headers: Headers) => (isSecureHost(headers.get('host'), config.publicUrl) ? secure : plain);
  const clientAddress = clientAddressBehind(config.trustedProxies);

  return {
    async handle(request, peer) {
      if (judgeOrigin(request.headers, config.publicUrl) !== null) {
        return refusal(403, 'forbidden_origin', 'This request comes from another site.');
      }
      // The library would take forms too, and those any site's page can send.
      if (request.body !== null && !isJson(request.headers.get('content-type'))) {
        return refusal(415, 'unsupported_media_type', 'Send JSON as application/json.');
      }
      const path = new URL(request.url).pathname;
      if (config.signup === 'closed' && path.startsWith(`${BASE_PATH}/sign-up/`)) {
        return refusal(403, 'SIGN_UP_CLOSED', 'Sign-up is closed on this server. Ask its owner for an account.');
      }
      const headers = new Headers(request.headers);
      headers.set(ADDRESS_HEADER, clientAddress(peer, request.headers.get('x-forwarded-for')));
      const response = await instanceFor(request.headers).handler(new Request(request, { headers }));
      return response.status === 429 ? withRetryAfter(response) : response;
    },

    async readSession(headers) {
      if (!headers.has('cookie') && !headers.has('authorization')) return null;
      const found = await instanceFor(headers).api.getSession({ headers, returnHeaders: true });
      if (!found.response) return null;
      const { session, user } = found.response;
      return {
        id: session.id,
        token: session.token,
        userId: user.id,
        email: user.email,
        name: user.name,
        expiresAt: session.expiresAt,
        setCookies: found.headers.getSetCookie(),
      };
    },
  };
}

function createInstance({ db, config, log }: AuthDeps, origin: string) {
  return betterAuth({
    baseURL: origin,
    basePath: BASE_PATH,
    secret: config.secret,
    database: {
      dialect: new PostgresJSDialect({ postgres: db.sql }),
      type: 'postgres',
      transaction: true,
      schemaName: 'auth',
    },
    emailAndPassword: { enabled: true },
    plugins: [bearer()],
    disabledPaths: DISABLED_PATHS,
    session: {
      expiresIn: SESSION_SECONDS,
      updateAge: SESSION_PROLONG_AFTER_SECONDS,
      // A cached session would outlive its revocation.
      cookieCache: { enabled: false },
    },
    advanced: {
      cookiePrefix: 'manara',
      useSecureCookies: origin.startsWith('https:'),
      defaultCookieAttributes: { httpOnly: true, sameSite: 'lax' },
      database: { generateId: () => randomUUID() },
      ipAddress: { ipAddressHeaders: [ADDRESS_HEADER] },
      // `handle` judges origins by the rule of the protocol, which the library's own check cannot express.
      disableCSRFCheck: true,
    },
    rateLimit: {
      enabled: true,
      window: RATE_WINDOW_SECONDS,
      max: OTHER_MAX,
      customRules: {
        '/sign-in/*': { window: RATE_WINDOW_SECONDS, max: SIGN_IN_MAX },
        '/sign-up/*': { window: RATE_WINDOW_SECONDS, max: SIGN_IN_MAX },
      },
      customStorage: {
        consume: async (key, rule) => {
          const waitMs = await takeRateToken(db, key, { max: rule.max, windowMs: rule.window * 1000 });
          return { allowed: waitMs === null, retryAfter: waitMs === null ? null : Math.ceil(waitMs / 1000) };
        },
      },
    },
    hooks: {
      before: createAuthMiddleware(async (context) => {
        if (context.path !== '/sign-up/email') return;
        return { context: { ...context, body: withName(context.body) } };
      }),
    },
    databaseHooks: {
      // Runs after the library's commit: on the embedded engine a query of ours inside its transaction would wait for
      // itself. At each sign-in and not only at sign-up, so that a crash in between mends itself.
      session: {
        create: {
          after: async (session) => {
            await createPersonalSpace(db, session.userId);
          },
        },
      },
    },
    telemetry: { enabled: false },
    logger: {
      level: 'warn',
      log: (level, message, ...details) => {
        if (level === 'error') log.error({ details }, `auth: ${message}`);
        if (level === 'warn') log.warn({ details }, `auth: ${message}`);
      },
    },
  });
}

/** The protocol lets the name be left out; the library wants one. */
function withName(body: unknown): unknown {
  if (typeof body !== 'object' || body === null) return body;
  const { name, email } = body as { name?: unknown; email?: unknown };
  if ((name !== undefined && name !== null && name !== '') || typeof email !== 'string') return body;
  return { ...body, name: email.split('@')[0] };
}

function isJson(contentType: string | null): boolean {
  return contentType?.split(';')[0]?.trim().toLowerCase() === 'application/json';
}

function refusal(status: number, code: string, message: string): Response {
  return Response.json({ code, message }, { status });
}

/** The library says it in a header of its own only. */
function withRetryAfter(response: Response): Response {
  const headers = new Headers(response.headers);
  headers.set('retry-after', headers.get('x-retry-after') ?? String(RATE_WINDOW_SECONDS));
  return new Response(response.body, { status: response.status, headers });
}
