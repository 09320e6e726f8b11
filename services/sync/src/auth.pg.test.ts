import { listSpaces } from '@manara/db/accounts/list-spaces';
import type { Database } from '@manara/db/client';
import { inTransaction } from '@manara/db/in-transaction';
import { engines } from '@manara/testkit/engines';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Auth, type AuthConfig, createAuth } from './auth.ts';

const CONFIG: AuthConfig = { secret: 'a'.repeat(40), signup: 'open', publicUrl: null, trustedProxies: [] };
const PASSWORD = 'correct horse battery';
const HOST = 'localhost:4310';

describe.each(engines)('accounts on $name', (engine) => {
  let db: Database;
  let auth: Auth;
  const logged: string[] = [];
  const log = {
    warn: (_details: object, message: string) => void logged.push(message),
    error: (_details: object, message: string) => void logged.push(message),
  };
  let peers = 0;

  beforeAll(async () => {
    db = await engine.open();
    auth = createAuth({ db, config: CONFIG, log });
  });
  afterAll(() => db.close());

  const post = (
    path: string,
    body: unknown,
    init: { headers?: Record<string, string>; peer?: string; auth?: Auth } = {},
  ) =>
    (init.auth ?? auth).handle(
      new Request(`http://${HOST}/v1/auth${path}`, {
        method: 'POST',
        headers: { host: HOST, 'content-type': 'application/json', ...init.headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
      init.peer ?? `192.0.2.${peers++ % 250}`,
    );
  const signUp = async (email: string) => {
    const response = await post('/sign-up/email', { email, password: PASSWORD });
    return { response, body: (await response.json()) as { token: string; user: { id: string; name: string } } };
  };

  test('sign-up gives a token in the body and in a header, and a cookie; the personal space exists', async () => {
    const { response, body } = await signUp('ada@example.org');
    expect(response.status).toBe(200);
    expect(body.user.name).toBe('ada');
    const cookie = response.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/^manara\.session_token=.*HttpOnly.*SameSite=Lax/);
    expect(cookie).not.toContain('Secure');
    for (const token of [body.token, response.headers.get('set-auth-token')]) {
      const session = await auth.readSession(new Headers({ host: HOST, authorization: `Bearer ${token}` }));
      expect(session).toMatchObject({ userId: body.user.id, email: 'ada@example.org', name: 'ada', token: body.token });
    }
    const byCookie = await auth.readSession(new Headers({ host: HOST, cookie: cookie.split(';')[0] ?? '' }));
    expect(byCookie?.userId).toBe(body.user.id);
    const spaces = await inTransaction(db, { role: 'app', accountId: body.user.id }, listSpaces);
    expect(spaces).toMatchObject([{ kind: 'personal', role: 'owner' }]);
  });

  test('each sign-in makes a new session, whatever cookie came with it; signing out ends it', async () => {
    const { response, body } = await signUp('bob@example.org');
    const cookie = (response.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
    const again = await post(
      '/sign-in/email',
      { email: 'bob@example.org', password: PASSWORD },
      { headers: { cookie } },
    );
    const { token } = (await again.json()) as { token: string };
    expect(again.status).toBe(200);
    expect(token).not.toBe(body.token);
    const out = await post('/sign-out', {}, { headers: { authorization: `Bearer ${token}` } });
    expect(out.status).toBe(200);
    expect(await auth.readSession(new Headers({ host: HOST, authorization: `Bearer ${token}` }))).toBeNull();
  });

  test.each([
    ['no credentials', {}],
    ['Bearer null', { authorization: 'Bearer null' }],
    ['an empty Bearer', { authorization: 'Bearer ' }],
    ['another scheme', { authorization: 'Basic YTpi' }],
    ['an unsigned token', { authorization: 'Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.' }],
    ['a cookie made up', { cookie: 'manara.session_token=made.up' }],
    ['a cookie with broken escapes', { cookie: 'manara.session_token=%E0%A4%A' }],
  ])('%s is no session', async (_name, headers) => {
    expect(await auth.readSession(new Headers({ host: HOST, ...headers }))).toBeNull();
  });

  test('an expired session is none', async () => {
    const { body } = await signUp('old@example.org');
    await db.sql`update auth.session set "expiresAt" = now() - interval '1 second' where token = ${body.token}`;
    expect(await auth.readSession(new Headers({ host: HOST, authorization: `Bearer ${body.token}` }))).toBeNull();
  });

  test.each([
    ['a wrong password', '/sign-in/email', { email: 'ada@example.org', password: 'wrong password' }, 401],
    ['an unknown address', '/sign-in/email', { email: 'nobody@example.org', password: PASSWORD }, 401],
    ['an address twice', '/sign-up/email', { email: 'ADA@example.org', password: PASSWORD }, 422],
    ['a short password', '/sign-up/email', { email: 'short@example.org', password: 'short' }, 400],
    ['no address', '/sign-up/email', { password: PASSWORD }, 400],
    ['no body', '/sign-up/email', '', 400],
    ['no JSON', '/sign-up/email', '{"email":', 400],
    ['a list', '/sign-up/email', [], 400],
    ['NUL in the address', '/sign-up/email', { email: 'a\u0000b@example.org', password: PASSWORD }, 400],
    ['a name that is no text', '/sign-up/email', { email: 'x1@example.org', password: PASSWORD, name: { a: 1 } }, 400],
    ['a password that is no text', '/sign-in/email', { email: 'ada@example.org', password: { a: 1 } }, 400],
    ['NUL in the name', '/sign-up/email', { email: 'x2@example.org', password: PASSWORD, name: 'a\u0000b' }, 400],
    ['an unknown route', '/nothing', {}, 404],
    ['a route that is off', '/sign-in/social', {}, 404],
  ])('%s is refused in words', async (_name, path, body, status) => {
    const response = await post(path, body);
    expect(response.status).toBe(status);
    expect(await response.text()).not.toMatch(/select|insert|node_modules|at .*\.ts/);
  });

  test.each(['application/x-www-form-urlencoded', 'text/plain', ''])(
    'a body of type "%s" cannot sign in',
    async (type) => {
      const body = JSON.stringify({ email: 'ada@example.org', password: PASSWORD });
      const response = await post('/sign-in/email', body, { headers: { 'content-type': type } });
      expect(response.status).toBe(415);
    },
  );

  test('another origin with a cookie is 403, the own one passes', async () => {
    const headers = { cookie: 'manara.session_token=x' };
    const body = { email: 'ada@example.org', password: PASSWORD };
    const foreign = await post('/sign-in/email', body, { headers: { ...headers, origin: 'http://evil.example' } });
    expect([foreign.status, ((await foreign.json()) as { code: string }).code]).toEqual([403, 'forbidden_origin']);
    const own = await post('/sign-in/email', body, { headers: { ...headers, origin: 'http://127.0.0.1:4310' } });
    expect(own.status).toBe(200);
    expect((await post('/sign-in/email', body, { headers })).status).toBe(200);
  });

  test('by an https public URL cookies are Secure', async () => {
    const https = createAuth({ db, config: { ...CONFIG, publicUrl: 'https://manara.example.org' }, log });
    const body = { email: 'ada@example.org', password: PASSWORD };
    const there = await post('/sign-in/email', body, { auth: https, headers: { host: 'manara.example.org' } });
    expect(there.headers.get('set-cookie')).toMatch(/^__Secure-manara\.session_token=.*; Secure/);
    const locally = await post('/sign-in/email', body, { auth: https });
    expect(locally.headers.get('set-cookie')).not.toContain('Secure');
  });

  test('a closed server refuses sign-up and lets members in', async () => {
    const closed = createAuth({ db, config: { ...CONFIG, signup: 'closed' }, log });
    const refused = await post('/sign-up/email', { email: 'late@example.org', password: PASSWORD }, { auth: closed });
    expect(refused.status).toBe(403);
    expect(await refused.json()).toMatchObject({ code: 'SIGN_UP_CLOSED' });
    const body = { email: 'ada@example.org', password: PASSWORD };
    expect((await post('/sign-in/email', body, { auth: closed })).status).toBe(200);
  });

  test('a burst from one address is 429, also with rotating X-Forwarded-For; 20 always pass', async () => {
    const statuses: number[] = [];
    for (let index = 0; index < 60; index++) {
      const response = await post(
        '/sign-in/email',
        { email: 'not an address', password: PASSWORD },
        {
          peer: '198.51.100.7',
          headers: { 'x-forwarded-for': `203.0.113.${index}`, 'x-manara-client-address': `1.1.1.${index}` },
        },
      );
      statuses.push(response.status);
      if (response.status === 429) expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
    }
    expect(statuses.slice(0, 20)).not.toContain(429);
    // On a busy machine a token comes back now and then.
    expect(statuses.filter((status) => status === 429).length).toBeGreaterThan(10);
    expect(statuses.slice(-10)).toContain(429);
    const elsewhere = await post(
      '/sign-in/email',
      { email: 'not an address', password: PASSWORD },
      { peer: '198.51.100.8' },
    );
    expect(elsewhere.status).toBe(400);
  });

  test('an address has as many buckets as there are limits, whatever it asks for', async () => {
    const peer = '198.51.100.9';
    const get = (path: string) =>
      auth.handle(new Request(`http://${HOST}/v1/auth${path}`, { headers: { host: HOST } }), peer);
    for (let index = 0; index < 30; index++) expect((await get(`/path-${index}`)).status).toBe(404);
    for (const path of ['/get-session', '/list-sessions', '/list-accounts', '/delete-user/callback']) await get(path);
    const credentials = { email: 'ada@example.org', password: 'wrong password' };
    for (const path of ['/sign-in/email', '/sign-up/email', '/update-user']) await post(path, credentials, { peer });
    const rows = await db.sql`select key from auth.rate_limits where key like ${`${peer}|%`} order by key`;
    expect(rows.map(({ key }) => key)).toEqual([`${peer}|/sign-in/email`, `${peer}|/sign-up/email`, `${peer}|other`]);

    // What one of these routes uses up, all of them miss, and sign-in does not.
    await db.sql`update auth.rate_limits set tokens = 0, refilled_at = now() + interval '1 hour' where key = ${`${peer}|other`}`;
    for (const path of ['/get-session', '/list-accounts']) {
      const refused = await get(path);
      expect([refused.status, Number(refused.headers.get('retry-after')) > 0]).toEqual([429, true]);
    }
    for (let times = 0; times < 19; times++) {
      expect((await post('/sign-in/email', { email: 'no address', password: PASSWORD }, { peer })).status).toBe(400);
    }
  });

  test('what is logged holds no address', async () => {
    const email = 'many@example.org';
    const told: string[] = [];
    const keep = (details: object, message: string) => void told.push(`${message} ${JSON.stringify(details)}`);
    const watched = createAuth({ db, config: CONFIG, log: { warn: keep, error: keep } });
    const body = { email, password: PASSWORD };
    await Promise.all(Array.from({ length: 6 }, () => post('/sign-up/email', body, { auth: watched })));
    await post('/sign-in/email', { ...body, email: `un${email}` }, { auth: watched });
    expect(told).not.toEqual([]);
    expect(told.filter((line) => line.includes(email))).toEqual([]);
  });

  test('the library found its tables as it wants them', () => {
    expect(logged.filter((message) => /schema/i.test(message))).toEqual([]);
  });

  test('a personal space that is missing is made at the next sign-in', async () => {
    const { body } = await signUp('gone@example.org');
    await inTransaction(db, { role: 'owner' }, async (tx) => {
      await tx`delete from space_members where account_id = ${body.user.id}`;
    });
    await post('/sign-in/email', { email: 'gone@example.org', password: PASSWORD });
    const spaces = await inTransaction(db, { role: 'app', accountId: body.user.id }, listSpaces);
    expect(spaces).toHaveLength(1);
  });
});
