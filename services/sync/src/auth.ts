import { createHash, randomUUID } from 'node:crypto';
import { BASE_ERROR_CODES } from '@better-auth/core/error';
import { createPersonalSpace } from '@manara/db/accounts/create-personal-space';
import { takeRateToken } from '@manara/db/accounts/take-rate-token';
import type { Database } from '@manara/db/client';
import { betterAuth } from 'better-auth';
import { APIError, createAuthMiddleware, isAPIError } from 'better-auth/api';
import { bearer } from 'better-auth/plugins/bearer';
import { PostgresJSDialect } from 'kysely-postgres-js';
import { judgeAuthBody, withName } from './auth-body.ts';
import { clientAddressBehind } from './auth-client-address.ts';
import { isSecureHost, judgeOrigin } from './auth-origin.ts';
import { refusal, refusalOf } from './auth-refusal.ts';
import { authRoutes, checkAuthRoute } from './auth-routes.ts';
import { HttpError } from './http-error.ts';
import { tellError } from './service-log.ts';

export type AuthConfig = {
  /** Signs cookies and tokens. */
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
  /** How passwords are hashed. Left out, as always but in tests: the library's scrypt, a tenth of a second of CPU each. */
  passwords?: PasswordHashing;
};

export type PasswordHashing = {
  hash(password: string): Promise<string>;
  verify(data: { hash: string; password: string }): Promise<boolean>;
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
  /**
   * Answers `/v1/auth/*`. `peer` is the address at the other end of the socket; `readBody` reads the request's body and
   * bounds it.
   */
  handle(request: Request, peer: string | undefined, readBody?: BodyReader): Promise<Response>;
  /** The session that a cookie or a Bearer token names, or null. */
  readSession(headers: Headers): Promise<Session | null>;
};

type BodyReader = () => Promise<Uint8Array<ArrayBuffer>>;

const BASE_PATH = '/v1/auth';
/** Written by this server alone, never taken from a request. */
const ADDRESS_HEADER = 'x-manara-client-address';
const SESSION_SECONDS = 30 * 24 * 60 * 60;
const SESSION_PROLONG_AFTER_SECONDS = 24 * 60 * 60;

/** Each a minute, from one address. At least 20 sign-ups and sign-ins must always pass. */
const RATE_WINDOW_SECONDS = 60;
const SIGN_IN_MAX = 40;
const OTHER_MAX = 600;

const LOG_MESSAGE_MAX = 200;

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
  const routes = authRoutes(plain.api, DISABLED_PATHS);

  /** In the order of every route: route, method, origin, then the body. */
  async function answer(request: Request, peer: string | undefined, readBody: BodyReader): Promise<Response> {
    const path = new URL(request.url).pathname.slice(BASE_PATH.length);
    const method = checkAuthRoute(routes, path, request.method);
    if (judgeOrigin(request.headers, config.publicUrl) !== null) {
      throw new HttpError('forbidden_origin', 'This request comes from another site.');
    }
    if (config.signup === 'closed' && path.startsWith('/sign-up/')) {
      return refusal(403, 'SIGN_UP_CLOSED', 'Sign-up is closed on this server. Ask its owner for an account.');
    }
    const body = method === 'GET' ? new Uint8Array() : await readBody();
    const refused = body.length > 0 ? judgeAuthBody(request.headers, body) : null;
    if (refused !== null) return refused;
    const headers = new Headers(request.headers);
    headers.set(ADDRESS_HEADER, clientAddress(peer, request.headers.get('x-forwarded-for')));
    const asked = new Request(request.url, { method, headers, ...(body.length > 0 && { body }) });
    const response = await instanceFor(request.headers).handler(asked);
    return response.status === 429 ? withRetryAfter(response) : response;
  }

  return {
    handle: (request, peer, readBody = async () => new Uint8Array(await request.arrayBuffer())) =>
      answer(request, peer, readBody).catch(refusalOf),

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

function createInstance({ db, config, log, passwords }: AuthDeps, origin: string) {
  return betterAuth({
    baseURL: origin,
    basePath: BASE_PATH,
    // The library warns of secrets under 32 characters, in the name of a variable that is not ours.
    secret: createHash('sha256').update(config.secret).digest('hex'),
    database: {
      dialect: new PostgresJSDialect({ postgres: db.sql }),
      type: 'postgres',
      transaction: true,
      schemaName: 'auth',
    },
    emailAndPassword: { enabled: true, ...(passwords && { password: passwords }) },
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
          const bucket = rateBucket(key, rule.max);
          const waitMs = await takeRateToken(db, bucket, { max: rule.max, windowMs: rule.window * 1000 });
          return { allowed: waitMs === null, retryAfter: waitMs === null ? null : Math.ceil(waitMs / 1000) };
        },
      },
    },
    hooks: {
      before: createAuthMiddleware(async (context) => {
        if (context.path === '/update-user' && context.body?.name === null) {
          throw new APIError('BAD_REQUEST', { code: 'invalid_value', message: 'name: a text is needed.' });
        }
        if (context.path !== '/sign-up/email') return;
        return { context: { ...context, body: withName(context.body) } };
      }),
      // Of several sign-ups at once none finds an account, and the library cannot tell why the database took one only.
      after: createAuthMiddleware(async ({ body, context: { returned, internalAdapter } }) => {
        const { code } = BASE_ERROR_CODES.FAILED_TO_CREATE_USER;
        if (!isAPIError(returned) || returned.body?.code !== code) return;
        if ((await internalAdapter.findUserByEmail(String(body.email).toLowerCase())) === null) return;
        throw APIError.from('UNPROCESSABLE_ENTITY', BASE_ERROR_CODES.USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL);
      }),
    },
    // What is no refusal is thrown on to the app, which logs and answers it as it does everywhere.
    onAPIError: { throw: true },
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
        const told = { err: details.filter((detail) => detail instanceof Error).map(tellError)[0] };
        if (level === 'error') log.error(told, `auth: ${withoutAddresses(message)}`);
        if (level === 'warn') log.warn(told, `auth: ${withoutAddresses(message)}`);
      },
    },
  });
}

/** The library names a bucket by address and path. What has no limit of its own shares one. */
function rateBucket(key: string, max: number): string {
  return max === OTHER_MAX ? `${key.split('|', 1)[0]}|other` : key;
}

/** Some of the library's messages repeat what was sent. */
function withoutAddresses(message: string): string {
  return String(message)
    .slice(0, LOG_MESSAGE_MAX)
    .replace(/\S+@\S+/g, '(an address)');
}

/** The library says it in a header of its own only. */
function withRetryAfter(response: Response): Response {
  const headers = new Headers(response.headers);
  headers.set('retry-after', headers.get('x-retry-after') ?? String(RATE_WINDOW_SECONDS));
  return new Response(response.body, { status: response.status, headers });
}
