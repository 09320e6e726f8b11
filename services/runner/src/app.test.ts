import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { createApp } from './app.ts';
import { EMPTY_REPORT } from './tick-report.ts';

const KEYS = ['first-service-key-aaaa', 'other-service-key-bbbb'];

function fixture(overrides: Partial<Parameters<typeof createApp>[0]> = {}) {
  const calls = { ticks: 0, errors: [] as unknown[] };
  const app = createApp({
    serviceKeys: KEYS,
    tick: async () => {
      calls.ticks++;
      return { ...EMPTY_REPORT, claimed: 1 };
    },
    newRequestId: () => 'request-1',
    onError: (error) => calls.errors.push(error),
    missing: async () => [],
    metrics: new Registry(),
    ...overrides,
  });
  const tick = (headers: HeadersInit = {}, method = 'POST') => app.request('/internal/tick', { method, headers });
  return { app, tick, calls };
}

describe('POST /internal/tick', () => {
  it.each(KEYS)('answers the report with the live key %s', async (key) => {
    const response = await fixture().tick({ 'x-service-key': key });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      due: 0,
      claimed: 1,
      plansProduced: 0,
      parseFailures: 0,
      plansWrittenBack: 0,
      errors: 0,
    });
  });

  it.each([
    ['absent', {}],
    ['empty', { 'x-service-key': '' }],
    ['short', { 'x-service-key': 'first-service-key' }],
    ['long', { 'x-service-key': `${KEYS[0]}a` }],
  ])('is 401 with a key that is %s, and ticks nothing', async (_, headers) => {
    const { tick, calls } = fixture();
    const response = await tick(headers as HeadersInit);
    expect(response.status).toBe(401);
    expect(await response.json()).toEqual({
      error: { code: 'unauthenticated', message: expect.any(String), requestId: 'request-1', retryable: false },
    });
    expect(calls.ticks).toBe(0);
  });

  it('is 401 with a repeated header, over a real socket', async () => {
    const { app, calls } = fixture();
    const server = createServer(getRequestListener(app.fetch)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const key = `X-Service-Key: ${KEYS[0]}\r\n`;
    socket.write(
      `POST /internal/tick HTTP/1.1\r\nHost: x\r\n${key}${key}Content-Length: 0\r\nConnection: close\r\n\r\n`,
    );
    const [head] = (await once(socket, 'data')) as [Buffer];
    expect(head.toString()).toMatch(/^HTTP\/1\.1 401 /);
    expect(calls.ticks).toBe(0);
    server.close();
  });

  it('is 405 with Allow for another method, before the key is looked at', async () => {
    const response = await fixture().tick({}, 'GET');
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
    expect(await response.json()).toMatchObject({ error: { code: 'method_not_allowed' } });
  });

  it('never tells the text of an error', async () => {
    const tick = () => Promise.reject(new Error('relation "records" at /srv/manara/x.ts'));
    const { tick: post, calls } = fixture({ tick });
    const response = await post({ 'x-service-key': KEYS[0] as string });
    expect(response.status).toBe(500);
    expect(await response.text()).not.toMatch(/relation|srv/);
    expect(calls.errors).toHaveLength(1);
  });
});

describe('the other routes', () => {
  it('says that the process is up, and whether it is ready', async () => {
    const { app } = fixture();
    expect((await app.request('/healthz')).status).toBe(200);
    expect((await app.request('/readyz')).status).toBe(200);
    const waiting = fixture({ missing: async () => ['database'] });
    const response = await waiting.app.request('/readyz');
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '5']);
    expect(await response.json()).toMatchObject({
      error: { code: 'unavailable', retryable: true, details: { missing: ['database'] } },
    });
  });

  it('gives metrics as Prometheus text', async () => {
    const response = await fixture().app.request('/metrics');
    expect(response.headers.get('content-type')).toContain('text/plain');
  });

  it('is 404 elsewhere and 405 for another method', async () => {
    const { app } = fixture();
    expect((await app.request('/internal/other')).status).toBe(404);
    const response = await app.request('/healthz', { method: 'DELETE' });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });
});
