import { randomBytes, randomUUID } from 'node:crypto';
import { request } from 'node:http';
import { engines } from '@manara/testkit/engines';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Installation, type Reply, send, signUp } from './independent-client.ts';
import { type ServerUnderTest, startServer } from './server-under-test.ts';

const PASSWORD = 'correct horse battery';

/** What nobody with good intentions sends to `/v1/auth/*`. Its errors are `{code, message}`, as the auth library's are. */
describe.each(engines)('hostile input to the account routes on $name', (engine) => {
  let server: ServerUnderTest;
  let ada: Installation;

  beforeAll(async () => {
    server = await startServer(engine);
    ada = await signUp(server.url);
  });
  afterAll(async () => {
    await server.stop();
    expect(server.logged.filter((line) => /a request failed|@example/.test(line))).toEqual([]);
  });

  const newEmail = () => `${randomUUID()}@example.org`;
  const failure = ({ status, text }: Reply) => [status, (JSON.parse(text || '{}') as { code?: string }).code];
  /** From an address of its own, so that no test uses up another's rate. */
  const post = (path: string, options: Parameters<typeof send>[3] = {}) => {
    const headers = { 'x-forwarded-for': `2001:db8:${randomBytes(2).toString('hex')}::1`, ...options.headers };
    return send(server.url, 'POST', `/v1/auth${path}`, { token: ada.token, ...options, headers });
  };
  /** With a method that `fetch` does not send. */
  const raw = (method: string, path: string) => {
    const { promise, resolve, reject } = Promise.withResolvers<[number | undefined, string | undefined]>();
    const sent = request(`${server.url}${path}`, { method }, (response) => {
      response.resume();
      resolve([response.statusCode, response.headers.allow]);
    });
    sent.on('error', reject).end();
    return promise;
  };

  describe('routes and methods', () => {
    it('a path that no route has is 404, however long, and as often as one likes', async () => {
      for (const path of [
        '',
        '/',
        '/nope',
        '/sign-up',
        '/sign-up/',
        '/sign-up/email/',
        '/SIGN-UP/email',
        '//sign-out',
      ]) {
        expect([path, ...failure(await send(server.url, 'GET', `/v1/auth${path}`))]).toEqual([path, 404, 'not_found']);
      }
      const long = await send(server.url, 'GET', `/v1/auth/${randomBytes(6000).toString('hex')}`);
      expect(failure(long)).toEqual([404, 'not_found']);
      // What the library has for mails and foreign accounts, of which there are none here.
      for (const path of ['/reset-password/x', '/callback/google', '/sign-in/social', '/verify-email', '/ok']) {
        expect([path, (await send(server.url, 'GET', `/v1/auth${path}`)).status]).toEqual([path, 404]);
      }
    });

    it.each([
      ['GET', '/v1/auth/sign-up/email', 'POST'],
      ['PUT', '/v1/auth/sign-in/email', 'POST'],
      ['OPTIONS', '/v1/auth/sign-out', 'POST'],
      ['PATCH', '/v1/auth/update-user', 'POST'],
      ['TRACE', '/v1/auth/sign-in/email', 'POST'],
      ['DELETE', '/v1/auth/list-sessions', 'GET, HEAD'],
      ['POST', '/v1/auth/get-session', 'GET, HEAD'],
      ['TRACE', '/v1/auth/get-session', 'GET, HEAD'],
    ])('%s %s is 405 with Allow', async (method, path, allow) => {
      expect(await raw(method, path)).toEqual([405, allow]);
    });

    it.each(['TRACE', 'PUT', 'OPTIONS', 'DELETE', 'PROPFIND'])('%s of no route is 404', async (method) => {
      expect((await raw(method, '/v1/auth/nope'))[0]).toBe(404);
    });

    it('HEAD answers as GET does', async () => {
      expect((await raw('HEAD', '/v1/auth/get-session'))[0]).toBe(200);
      expect((await raw('HEAD', '/v1/auth/list-sessions'))[0]).toBe(401);
    });
  });

  describe('bodies', () => {
    const nested = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
    const PATHS = ['/sign-up/email', '/sign-in/email', '/sign-out', '/update-user', '/revoke-session'];

    it('that nest too deep are 422, 32 levels are not', async () => {
      for (const path of PATHS) {
        for (const text of [nested(33), nested(10_000), nested(100_000), '['.repeat(33) + ']'.repeat(33)]) {
          expect([path, ...failure(await post(path, { text }))]).toEqual([path, 422, 'too_deep']);
        }
      }
      expect((await post('/sign-up/email', { text: nested(32) })).status).toBe(400);
      expect(failure(await post('/sign-up/email', { text: '{"a":'.repeat(10_000) }))).toEqual([400, 'bad_json']);
    });

    it('that have too many members are refused as elsewhere', async () => {
      const keys = Array.from({ length: 50_000 }, (_, index) => `"${index.toString(36)}":0`).join(',');
      expect(failure(await post('/sign-in/email', { text: `{${keys}}` }))).toEqual([422, 'invalid_request']);
      const zeros = `{"email":[${'0,'.repeat(50_000)}0]}`;
      expect(failure(await post('/sign-in/email', { text: zeros }))).toEqual([413, 'too_large']);
    });

    it('over 1 MiB, in another media type, compressed or not UTF-8 are refused as elsewhere', async () => {
      const text = JSON.stringify({ email: newEmail(), password: PASSWORD });
      const headers = { 'content-type': 'text/plain' };
      expect(failure(await post('/sign-up/email', { text, headers }))).toEqual([415, 'unsupported_media_type']);
      const gzip = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
      expect(failure(await post('/sign-up/email', { text, headers: gzip }))).toEqual([415, 'unsupported_media_type']);
      expect(failure(await post('/sign-up/email', { text: `"${'x'.repeat(1_100_000)}"` }))).toEqual([413, 'too_large']);
      const broken = Uint8Array.from([0x22, 0xff, 0x22]);
      expect(failure(await post('/sign-up/email', { text: broken }))).toEqual([400, 'bad_json']);
    });

    it.each([
      ['/update-user', '{"name":"a\\u0000"}'],
      ['/update-user', '{"image":"\\u0000"}'],
      ['/update-user', '{"a\\u0000":1}'],
      ['/update-user', '{"name":"\\ud800"}'],
      ['/revoke-session', '{"token":"x\\u0000"}'],
      ['/revoke-session', '{"token":"x\\udc00"}'],
      ['/sign-up/email', '{"email":"a@example.org","password":"correct horse","name":"\\u0000"}'],
      ['/sign-up/email', '{"email":"a@example.org","password":"correct horse","extra":[{"a":"\\u0000"}]}'],
      ['/sign-in/email', '{"email":"a\\u0000@example.org","password":"correct horse"}'],
      ['/sign-in/email', '{"email":"a@example.org","password":"\\ud800"}'],
      ['/unlink-account', '{"providerId":"\\u0000"}'],
      ['/change-password', '{"currentPassword":"\\u0000","newPassword":"correct horse"}'],
      ['/sign-out', '{"x":"\\u0000"}'],
    ])('%s %s is 400', async (path, text) => {
      expect(failure(await post(path, { text }))).toEqual([400, 'invalid_string']);
    });

    it('a name over 200 characters and an address over 254 are 400 and say which', async () => {
      const account = { email: newEmail(), password: PASSWORD };
      const long = { ...account, email: `${'a'.repeat(250)}@example.org` };
      const named = { ...account, name: 'n'.repeat(201) };
      const cases: [path: string, json: object, field: string][] = [
        ['/sign-up/email', named, 'name'],
        ['/update-user', { name: 'n'.repeat(201) }, 'name'],
        ['/sign-up/email', long, 'email'],
        ['/sign-in/email', long, 'email'],
        ['/update-user', { image: `data:,${'x'.repeat(100_000)}` }, 'image'],
      ];
      for (const [path, json, field] of cases) {
        const reply = await post(path, { json });
        expect(failure(reply)).toEqual([400, 'field_too_large']);
        expect(reply.text).toContain(field);
      }
      expect((await post('/sign-up/email', { json: { ...account, name: 'n'.repeat(200) } })).status).toBe(200);
      expect((await post('/update-user', { json: { name: 'é😀'.repeat(60) } })).status).toBe(200);
    });

    it('no value of another type is a failure of the server', async () => {
      const values = [null, true, 1e308, '', 'x'.repeat(5000), ['a'], { a: 1 }, '__proto__'];
      const keys = ['name', 'image', 'token', 'providerId', 'accountId', 'emailVerified', 'constructor', 'toString'];
      const paths = ['/update-user', '/update-session', '/revoke-session', '/delete-user', '/unlink-account'];
      paths.push('/refresh-token', '/get-access-token', '/revoke-other-sessions', '/sign-up/email', '/sign-in/email');
      const { token } = await signUp(server.url);
      for (const path of paths) {
        const bodies = keys.flatMap((key) => values.map((value) => ({ [key]: value })));
        const replies = await Promise.all(
          bodies.map(async (json) => [path, json, (await post(path, { json, token })).status]),
        );
        expect(replies.filter(([, , status]) => Number(status) >= 500)).toEqual([]);
      }
    });

    it.each(['/get-session', '/list-sessions', '/list-accounts', '/account-info', '/delete-user/callback'])(
      'no query of GET %s is a failure of the server',
      async (path) => {
        for (const query of [
          '?token=%00',
          '?accountId=%00&providerId=%00',
          '?callbackURL=%00',
          '?%00',
          '?a=%ff',
          '?a&a',
        ]) {
          const { status } = await ada.call('GET', `/v1/auth${path}${query}`);
          expect([query, status < 500]).toEqual([query, true]);
        }
      },
    );
  });

  it('of many sign-ups with one address at once one is taken, and the others are told what a later one is', async () => {
    const json = { email: newEmail(), password: PASSWORD };
    const replies = await Promise.all(Array.from({ length: 8 }, () => post('/sign-up/email', { json })));
    const later = failure(await post('/sign-up/email', { json }));
    expect(later[0]).toBe(422);
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(replies.filter(({ status }) => status !== 200).map(failure)).toEqual(Array(7).fill(later));
    expect((await post('/sign-in/email', { json })).status).toBe(200);
    expect(server.logged.filter((line) => line.includes(json.email))).toEqual([]);
  });
});
