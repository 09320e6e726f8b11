import { randomUUID } from 'node:crypto';
import { engines } from '@manara/testkit/engines';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Installation, newClientId, send, signUp } from './independent-client.ts';
import { type ServerUnderTest, startServer } from './server-under-test.ts';

describe.each(engines)('the account on $name', (engine) => {
  let server: ServerUnderTest;
  let base: string;

  beforeAll(async () => {
    server = await startServer(engine);
    base = server.url;
  });
  afterAll(async () => {
    await server.stop();
    expect(server.logged.filter((line) => line.includes('a request failed'))).toEqual([]);
  });

  const credentials = () => ({ email: `${randomUUID()}@example.org`, password: 'correct horse battery' });

  it('sign-up and sign-in answer a token in the body and in a header, usable as Bearer', async () => {
    const account = credentials();
    for (const path of ['/v1/auth/sign-up/email', '/v1/auth/sign-in/email']) {
      const reply = await send(base, 'POST', path, { json: account });
      expect(reply.status).toBe(200);
      const tokens = [reply.body.token, reply.headers.get('set-auth-token')];
      for (const token of tokens) {
        const me = await send(base, 'GET', '/v1/me', { token: String(token) });
        expect(me.status).toBe(200);
        expect(me.body.user.email).toBe(account.email);
      }
    }
  });

  it('me tells user, spaces, server time, epoch and limits; the personal space is there at once', async () => {
    const { body } = await (await signUp(base)).call('GET', '/v1/me');
    expect(body.user).toMatchObject({ name: 'Ada' });
    expect(body.spaces).toEqual([{ id: expect.stringMatching(/^[0-9a-f-]{36}$/), kind: 'personal', role: 'owner' }]);
    expect(Math.abs(body.serverTime - Date.now())).toBeLessThan(10_000);
    expect(body.epoch).toEqual(expect.any(String));
    expect(body.limits).toEqual({
      opsPerPush: 500,
      bodyBytes: 1048576,
      fieldBytes: 65536,
      nesting: 32,
      pullRecords: 5000,
      pullBytes: 4194304,
    });
  });

  it('a cookie is a session too, and is Secure on https only', async () => {
    const reply = await send(base, 'POST', '/v1/auth/sign-up/email', { json: credentials() });
    const cookie = reply.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/HttpOnly/i);
    expect(cookie).not.toMatch(/Secure/i);
    const me = await send(base, 'GET', '/v1/me', { headers: { cookie: cookie.split(';')[0] ?? '' } });
    expect(me.status).toBe(200);
  });

  it.each([
    ['none', {}],
    ['Bearer null', { authorization: 'Bearer null' }],
    ['Bearer alone', { authorization: 'Bearer' }],
    ['an unsigned JWT', { authorization: 'Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.' }],
    ['a wrong scheme', { authorization: 'Basic eDp5' }],
    ['an invented cookie', { cookie: 'manara.session_token=abc.def' }],
    ['control characters in a cookie', { cookie: 'manara.session_token=%00%ff' }],
    ['a very long token', { authorization: `Bearer ${'x'.repeat(8000)}` }],
  ])('without a session (%s) every route is 401', async (_name, headers: Record<string, string>) => {
    const routes = ['GET /v1/me', 'GET /v1/devices', 'DELETE /v1/devices/9f3a1c7e5b2d4f60', 'POST /v1/sync/push'];
    routes.push('POST /v1/sync/pull', 'POST /v1/sync/get', 'POST /v1/sync/digest', 'GET /v1/sync/live');
    for (const route of routes) {
      const [method = '', path = ''] = route.split(' ');
      const reply = await send(base, method, path, { headers });
      expect([route, reply.status, reply.body?.error?.code]).toEqual([route, 401, 'unauthenticated']);
    }
  });

  it('signing out ends the session', async () => {
    const ada = await signUp(base);
    await send(base, 'POST', '/v1/auth/sign-out', { token: ada.token, json: {} });
    expect((await ada.call('GET', '/v1/me')).status).toBe(401);
  });

  describe('devices', () => {
    it('lists clients that pushed or pulled, and revoking one ends its sessions and no others', async () => {
      const account = credentials();
      const signIn = async (path: string) => {
        const { body } = await send(base, 'POST', path, { json: account });
        return new Installation(base, body.token, await send(base, 'GET', '/v1/me', { token: body.token }));
      };
      const phone = await signIn('/v1/auth/sign-up/email');
      const laptop = await signIn('/v1/auth/sign-in/email');
      await phone.push([]);
      await laptop.pull();
      const { body } = await laptop.call('GET', '/v1/devices');
      expect(body.devices.map((device) => device.client).sort()).toEqual([phone.client, laptop.client].sort());
      expect(body.devices.find((device) => device.current)?.client).toBe(laptop.client);

      const revoked = await laptop.call('DELETE', `/v1/devices/${phone.client}`);
      expect(revoked.status).toBe(200);
      expect((await phone.push([])).status).toBe(401);
      expect((await laptop.push([])).status).toBe(200);
      const after = await laptop.call('GET', '/v1/devices');
      expect(after.body.devices.map((device) => device.client)).toEqual([laptop.client]);
    });

    it('an unknown device and that of another account are 404 alike', async () => {
      const [ada, bob] = [await signUp(base), await signUp(base)];
      await bob.push([]);
      for (const client of [bob.client, newClientId(), 'x', '..', '%2e%2e', '__proto__']) {
        const reply = await ada.call('DELETE', `/v1/devices/${client}`);
        expect([404, 405]).toContain(reply.status);
      }
      expect((await bob.push([])).status).toBe(200);
    });
  });

  describe('origin', () => {
    const withCookie = async () => {
      const reply = await send(base, 'POST', '/v1/auth/sign-up/email', { json: credentials() });
      return (reply.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
    };

    it("the server's own passes, also under its other loopback names; another with a cookie is 403", async () => {
      const cookie = await withCookie();
      const { port } = new URL(base);
      const status = async (origin: string, headers: Record<string, string> = { cookie }) => {
        const reply = await send(base, 'GET', '/v1/me', { headers: { ...headers, origin } });
        return [reply.status, reply.body.error?.code];
      };
      for (const own of [base, `http://localhost:${port}`, `http://[::1]:${port}`]) {
        expect(await status(own)).toEqual([200, undefined]);
      }
      for (const other of [
        'https://evil.example',
        'null',
        `http://localhost:${Number(port) - 1}`,
        `https://127.0.0.1:${port}`,
      ]) {
        expect(await status(other)).toEqual([403, 'forbidden_origin']);
      }
      expect(await status('https://evil.example', {})).toEqual([401, 'unauthenticated']);
    });

    it('is judged for sign-in too', async () => {
      const cookie = await withCookie();
      const headers = { cookie, origin: 'https://evil.example' };
      const reply = await send(base, 'POST', '/v1/auth/sign-in/email', { json: credentials(), headers });
      expect(reply.status).toBe(403);
    });
  });

  it('bad bodies to the account routes are 4xx and never 5xx', async () => {
    const bodies = [
      '',
      '{',
      'null',
      '[]',
      '5',
      '{"email":5}',
      '{"email":"a@b.c","password":null}',
      '{"email":"x","password":"y"}',
    ];
    bodies.push(JSON.stringify({ email: 'a\0@b.co', password: 'longenough1', name: '\0' }));
    bodies.push(JSON.stringify({ ...credentials(), name: '\ud800' }), JSON.stringify({ ...credentials(), name: '\0' }));
    for (const path of ['/v1/auth/sign-up/email', '/v1/auth/sign-in/email', '/v1/auth/sign-out', '/v1/auth/nope']) {
      for (const text of bodies) {
        const { status, text: answer } = await send(base, 'POST', path, { text });
        expect([path, text, answer, status < 500]).toEqual([path, text, answer, true]);
      }
    }
    const large = await send(base, 'POST', '/v1/auth/sign-in/email', { text: `{"email":"${'x'.repeat(1_100_000)}"}` });
    expect(large.status).toBe(413);
  });
});
