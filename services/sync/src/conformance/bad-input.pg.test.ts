import { randomUUID } from 'node:crypto';
import { request } from 'node:http';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { engines } from '@manara/testkit/engines';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Installation, newClientId, type Reply, send, signUp } from './independent-client.ts';
import { type ServerUnderTest, startServer } from './server-under-test.ts';

describe.each(engines)('bad input on $name', (engine) => {
  let server: ServerUnderTest;
  let ada: Installation;

  beforeAll(async () => {
    server = await startServer(engine);
    ada = await signUp(server.url);
  });
  afterAll(async () => {
    await server.stop();
    // nothing of all this was the server's own failure
    expect(server.logged).toEqual([]);
  });

  const POSTS = ['/v1/sync/push', '/v1/sync/pull', '/v1/sync/get', '/v1/sync/digest'];
  const failure = (reply: Reply) => [reply.status, reply.body.error?.code];
  const post = (path: string, options: Parameters<typeof send>[3] = {}) =>
    send(server.url, 'POST', path, { token: ada.token, ...options });
  const push = (more: Record<string, unknown> = {}) => ({
    protocol: 1,
    client: newClientId(),
    epoch: ada.epoch,
    batch: { seq: 1, ops: [] },
    ...more,
  });

  it('every error has the one shape, and its request id is in a header too', async () => {
    for (const reply of [
      await ada.pull('x'),
      await ada.call('GET', '/v1/nope'),
      await post('/v1/sync/push', { text: '' }),
    ]) {
      expect(reply.body).toEqual({
        error: {
          code: expect.any(String),
          message: expect.any(String),
          requestId: expect.any(String),
          retryable: false,
        },
      });
      expect(reply.headers.get('x-request-id')).toBe(reply.body.error.requestId);
    }
  });

  describe('route and method', () => {
    it.each(['/', '/nope', '/v1', '/v1/', '/v1/nope', '/v1/me/', '/v1/me/x', '/v1/sync', '/V1/ME', '/v1/devices/a/b'])(
      '%s is 404',
      async (path) => {
        for (const method of ['GET', 'POST']) expect(failure(await ada.call(method, path))).toEqual([404, 'not_found']);
      },
    );

    it.each([
      ['POST', '/v1/me', 'GET, HEAD'],
      ['GET', '/v1/sync/push', 'POST'],
      ['PUT', '/v1/sync/pull', 'POST'],
      ['DELETE', '/v1/sync/get', 'POST'],
      ['OPTIONS', '/v1/sync/push', 'POST'],
      ['POST', '/v1/sync/live', 'GET, HEAD'],
      ['GET', '/v1/devices/9f3a1c7e5b2d4f60', 'DELETE'],
      ['POST', '/healthz', 'GET, HEAD'],
      ['POST', '/metrics', 'GET, HEAD'],
    ])('%s %s is 405 with Allow, session or not', async (method, path, allow) => {
      for (const token of [ada.token, undefined]) {
        const reply = await send(server.url, method, path, { token });
        expect(failure(reply)).toEqual([405, 'method_not_allowed']);
        expect(reply.headers.get('allow')).toBe(allow);
      }
    });

    it.each([
      '/v1/sync/%2e%2e/me',
      '/v1/..%2fv1/me',
      '/v1/%2e%2e%2f%2e%2e/etc/passwd',
      '/v1/sync/../me',
      '/v1/me%00',
      '/v1\\me',
      '/v1/%zz',
      '/v1/me%2f',
    ])('raw path %s is 404', async (path) => {
      const { port, hostname } = new URL(server.url);
      const { promise, resolve } = Promise.withResolvers<number | undefined>();
      const sent = request({ hostname, port, path, headers: { authorization: `Bearer ${ada.token}` } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      sent.on('error', () => resolve(undefined));
      sent.end();
      // A backslash ends before the app: it is no path at all.
      expect(await promise).toBe(path.includes('\\') ? 400 : 404);
    });

    it.each(['/v1/me?a=1&a=2', '/v1/devices?x&x', `/v1/prompts/${randomUUID()}?space=a&space=b`])(
      'GET %s is bad_query',
      async (path) => {
        expect(failure(await ada.call('GET', path))).toEqual([400, 'bad_query']);
      },
    );
  });

  describe('media type and size', () => {
    it.each([
      ['text/plain', {}],
      ['application/x-www-form-urlencoded', {}],
      ['multipart/form-data; boundary=x', {}],
      ['application/json; charset=utf-16', {}],
      ['application/jsonx', {}],
      ['application/json', { 'content-encoding': 'gzip' }],
      ['application/json', { 'content-encoding': 'br' }],
    ])('%s %j is 415', async (type, headers: Record<string, string>) => {
      for (const path of POSTS) {
        const reply = await post(path, { text: '{}', headers: { 'content-type': type, ...headers } });
        expect(failure(reply)).toEqual([415, 'unsupported_media_type']);
      }
    });

    it('JSON with a charset of UTF-8, in any case, is taken', async () => {
      for (const type of ['application/json; charset=utf-8', 'Application/JSON;charset="UTF-8"']) {
        const reply = await post('/v1/sync/push', { text: JSON.stringify(push()), headers: { 'content-type': type } });
        expect(reply.status).toBe(200);
      }
    });

    it('a compressed bomb is 415', async () => {
      const text = Uint8Array.from(gzipSync(Buffer.alloc(50_000_000)));
      const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
      expect(failure(await post('/v1/sync/push', { text, headers }))).toEqual([415, 'unsupported_media_type']);
    });

    it('over 1 MiB is 413, announced or in chunks', async () => {
      const text = JSON.stringify(push({ later: 'x'.repeat(1_048_576) }));
      for (const path of POSTS) expect(failure(await post(path, { text }))).toEqual([413, 'too_large']);
      let sent = 0;
      const chunks = new ReadableStream({
        pull: (controller) => {
          controller.enqueue(new TextEncoder().encode(' '.repeat(100_000)));
          sent += 100_000;
          if (sent > 2_000_000) controller.close();
        },
      });
      const response = await fetch(`${server.url}/v1/sync/push`, {
        method: 'POST',
        headers: { authorization: `Bearer ${ada.token}`, 'content-type': 'application/json' },
        body: chunks,
        duplex: 'half',
      } as RequestInit);
      expect(response.status).toBe(413);
    });

    it('1 MiB exactly is taken', async () => {
      const bare = JSON.stringify(push({ later: '' }));
      const text = bare.replace('"later":""', `"later":"${'x'.repeat(1_048_576 - bare.length)}"`);
      expect(text.length).toBe(1_048_576);
      expect((await post('/v1/sync/push', { text })).status).toBe(200);
    });

    it('64 KB of headers are 431', async () => {
      const { port } = new URL(server.url);
      const socket = connect(Number(port), '127.0.0.1');
      let answer = '';
      socket.on('data', (data) => {
        answer += String(data);
      });
      socket.on('error', () => {});
      const headers = Array.from({ length: 64 }, (_, index) => `x-h${index}: ${'a'.repeat(1024)}`).join('\r\n');
      socket.write(`GET /v1/me HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n${headers}\r\n\r\n`);
      await new Promise((resolve) => socket.once('close', resolve));
      expect(answer).toMatch(/^HTTP\/1\.1 431 /);
    });
  });

  describe('JSON and depth', () => {
    it.each([
      ['nothing', ''],
      ['blanks', '  '],
      ['a brace', '{'],
      ['trailing junk', '{"protocol":1}x'],
      ['two values', '{} {}'],
      ['NaN', '{"protocol":NaN}'],
      ['a comma too many', '{"protocol":1,}'],
      ['single quotes', "{'protocol':1}"],
      ['a control character', '{"protocol":"\u0001"}'],
      ['broken UTF-8', Uint8Array.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
      ['a hundred thousand open brackets', '['.repeat(100_000)],
      ['closing ones alone', ']]'],
      ['junk behind forty levels', `${'['.repeat(40)}${']'.repeat(40)}x`],
      ['junk within a hundred thousand levels', `${'['.repeat(100_000)}nope${']'.repeat(100_000)}`],
    ])('%s is bad_json', async (_name, text) => {
      for (const path of POSTS) expect(failure(await post(path, { text }))).toEqual([400, 'bad_json']);
    });

    it('nesting over 32 is too_deep, 32 is not', async () => {
      const nested = (levels: number) => `{"a":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`;
      for (const path of POSTS) {
        expect(failure(await post(path, { text: nested(32) }))).toEqual([422, 'invalid_request']);
        expect(failure(await post(path, { text: nested(33) }))).toEqual([422, 'too_deep']);
        expect(failure(await post(path, { text: nested(100_000) }))).toEqual([422, 'too_deep']);
      }
      const objects = `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`;
      expect(failure(await post('/v1/sync/push', { text: objects }))).toEqual([422, 'too_deep']);
    });

    it('brackets within text do not nest', async () => {
      const reply = await post('/v1/sync/push', { json: push({ later: '[{"\\'.repeat(1000) }) });
      expect(reply.status).toBe(200);
    });

    it('a hundred thousand ops are 413, as 501 are', async () => {
      const ops = Array.from({ length: 100_000 }, () => null);
      const reply = await post('/v1/sync/push', { text: JSON.stringify(push({ batch: { seq: 1, ops } })) });
      expect(failure(reply)).toEqual([413, 'too_large']);
    });

    it('as many keys as fit are 422; a million are 413', async () => {
      const keys = (count: number) =>
        `{${Array.from({ length: count }, (_, index) => `"${index.toString(36)}":0`).join(',')}}`;
      for (const path of POSTS) {
        expect(failure(await post(path, { text: keys(100_000) }))).toEqual([422, 'invalid_request']);
        expect(failure(await post(path, { text: keys(30_000) }))).toEqual([422, 'invalid_request']);
      }
      expect(failure(await post('/v1/sync/push', { text: keys(1_000_000) }))).toEqual([413, 'too_large']);
    });
  });

  describe('protocol and shape', () => {
    it.each([0, 2, 99, -1])('protocol %i is upgrade_required with what is spoken', async (protocol) => {
      const pull = { protocol, client: newClientId(), epoch: ada.epoch, cursors: {} };
      for (const [path, json] of [
        ['/v1/sync/push', push({ protocol })],
        ['/v1/sync/pull', pull],
      ] as const) {
        const reply = await post(path, { json });
        expect(failure(reply)).toEqual([426, 'upgrade_required']);
        expect(reply.body.error.details).toEqual({ min: 1, max: 1 });
      }
      // before the shape
      expect(failure(await post('/v1/sync/push', { json: { protocol } }))).toEqual([426, 'upgrade_required']);
    });

    it.each([
      ['null', null],
      ['a list', []],
      ['a number', 5],
      ['an empty object', {}],
      ['no protocol', { protocol: undefined }],
      ['a protocol in text', { protocol: '1' }],
      ['no client', { client: undefined }],
      ['a client in capitals', { client: '9F3A1C7E5B2D4F60' }],
      ['a short client', { client: '9f3a' }],
      ['a client with NUL', { client: '9f3a1c7e5b2d4f6\0' }],
      ['no epoch', { epoch: undefined }],
      ['an epoch that is a number', { epoch: 5 }],
      ['no batch', { batch: undefined }],
      ['a batch that is a list', { batch: [] }],
      ['ops that are an object', { batch: { seq: 1, ops: {} } }],
      ['ops that are a text', { batch: { seq: 1, ops: 'x' } }],
      ['no ops', { batch: { seq: 1 } }],
      ['no seq', { batch: { ops: [] } }],
      ['seq 0', { batch: { seq: 0, ops: [] } }],
      ['seq -1', { batch: { seq: -1, ops: [] } }],
      ['seq 1.5', { batch: { seq: 1.5, ops: [] } }],
      ['seq in text', { batch: { seq: '1', ops: [] } }],
      ['seq 2^53', { batch: { seq: 2 ** 53, ops: [] } }],
      ['a recovery that is a text', { batch: { seq: 1, ops: [], recovery: 'yes' } }],
    ])('push with %s is 422', async (_name, more: unknown) => {
      const isPart = typeof more === 'object' && more !== null && Object.keys(more).length > 0;
      const reply = await post('/v1/sync/push', { json: isPart ? push({ ...more }) : more });
      expect(failure(reply)).toEqual([422, 'invalid_request']);
    });

    it.each([
      ['no cursors', { cursors: undefined }],
      ['cursors that are a list', { cursors: [] }],
      ['limit 0', { limit: 0 }],
      ['limit -1', { limit: -1 }],
      ['limit 1e9', { limit: 1e9 }],
      ['limit 5001', { limit: 5001 }],
      ['limit 1.5', { limit: 1.5 }],
      ['limit in text', { limit: '10' }],
      ['tables that are a text', { tables: 'todos' }],
      ['tables of numbers', { tables: [1] }],
      ['wait 26', { wait: 26 }],
      ['wait -1', { wait: -1 }],
      ['wait in text', { wait: '5' }],
    ])('pull with %s is 422', async (_name, more) => {
      expect(failure(await ada.pull(0, more))).toEqual([422, 'invalid_request']);
    });

    it.each([-1, 1.5, 'abc', '1', null, true, [], {}, 2 ** 53, 1e99])('cursor %j is bad_cursor', async (cursor) => {
      expect(failure(await ada.pull(cursor))).toEqual([400, 'bad_cursor']);
    });

    it('a cursor of another epoch is void, whatever it is', async () => {
      const reply = await ada.pull(-1, { epoch: '00000000-0000-4000-8000-000000000000' });
      expect([reply.status, reply.body.recover]).toEqual([200, true]);
    });

    it('the shape is told before the cursor', async () => {
      expect(failure(await ada.pull('x', { limit: 0 }))).toEqual([422, 'invalid_request']);
    });

    it('limits 1 and 5000 are taken, and unknown keys are ignored', async () => {
      expect((await ada.pull(0, { limit: 1, later: { x: 1 } })).status).toBe(200);
      expect((await ada.pull(0, { limit: 5000 })).status).toBe(200);
    });

    it('the epoch is told before the seq', async () => {
      const reply = await post('/v1/sync/push', { json: push({ epoch: 'another', batch: { seq: 7, ops: [] } }) });
      expect(failure(reply)).toEqual([409, 'epoch_changed']);
    });

    it('an epoch of any text is answered', async () => {
      for (const epoch of ['', '\0', '\ud800', "'", 'x'.repeat(200)]) {
        expect(failure(await post('/v1/sync/push', { json: push({ epoch }) }))).toEqual([409, 'epoch_changed']);
        expect((await post('/v1/sync/pull', { json: { ...push({ epoch }), cursors: {} } })).body.recover).toBe(true);
      }
    });
  });

  describe('get and digest', () => {
    const get = (more: Record<string, unknown>) =>
      ada.call('POST', '/v1/sync/get', { space: ada.space, table: 'todos', ids: [], ...more });

    it.each([
      ['ids of another form', { ids: ['x'] }],
      ['an id in capitals', { ids: [randomUUID().toUpperCase()] }],
      ['ids that are no list', { ids: 'x' }],
      ['501 ids', { ids: Array.from({ length: 501 }, () => randomUUID()) }],
      ['a space that is a number', { space: 5 }],
      ['no table', { table: undefined }],
    ])('get with %s is 422', async (_name, more) => {
      expect(failure(await get(more))).toEqual([422, 'invalid_request']);
    });

    it.each(['nope', '__proto__', 'a\0b', '\ud800', 'x'.repeat(10_000), "'"])(
      'table %j has no records',
      async (table) => {
        const reply = await get({ table, ids: [randomUUID()] });
        expect([reply.status, reply.body.records]).toEqual([200, []]);
      },
    );

    it.each([
      ['a prefix without a table', { prefix: 'ab' }, 422],
      ['a prefix that is no hex', { table: 'todos', prefix: '%' }, 422],
      ['a table that is a number', { table: 5 }, 422],
      ['a table with NUL', { table: 'a\0' }, 200],
      ['a foreign space', { space: randomUUID() }, 404],
      ['a space of another form', { space: '\0' }, 404],
    ])('digest with %s is %i', async (_name, more, status) => {
      const reply = await ada.call('POST', '/v1/sync/digest', { space: ada.space, ...more });
      expect(reply.status).toBe(status);
    });
  });

  describe('further routes', () => {
    it('prompts of nothing, of another form and of nowhere are 404', async () => {
      for (const path of [
        `${randomUUID()}?space=${ada.space}`,
        'x?space=x',
        randomUUID(),
        `${randomUUID()}?space=${randomUUID()}`,
      ]) {
        expect(failure(await ada.call('GET', `/v1/prompts/${path}`))).toEqual([404, 'not_found']);
      }
    });

    it('the planner says where inputs go, and may be tested a few times', async () => {
      expect((await ada.call('GET', '/v1/planner')).body).toEqual({ kind: 'rules', model: null, endpointHost: null });
      const statuses: number[] = [];
      for (let times = 0; times < 7; times++) statuses.push((await ada.call('POST', '/v1/planner/test')).status);
      expect(statuses.slice(0, 5)).toEqual([200, 200, 200, 200, 200]);
      expect(statuses.at(-1)).toBe(429);
    });

    it('health, readiness and metrics need no session', async () => {
      expect((await send(server.url, 'GET', '/healthz')).status).toBe(200);
      expect((await send(server.url, 'GET', '/readyz')).status).toBe(200);
      const metrics = await send(server.url, 'GET', '/metrics');
      expect(metrics.text).toContain('manara_http_request_seconds_bucket');
      expect(metrics.text).not.toContain(ada.user.id);
    });
  });

  it('200 requests at once of one account are none too many', async () => {
    const statuses = await Promise.all(
      Array.from({ length: 200 }, async () => (await ada.call('GET', '/v1/me')).status),
    );
    expect(new Set(statuses)).toEqual(new Set([200]));
  });
});
