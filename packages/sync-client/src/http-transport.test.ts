import type { LiveEvent } from '@manara/protocol/live';
import { FakeTimers } from '@manara/testkit/fake-surroundings';
import { describe, expect, it } from 'vitest';
import { EventStreamReader } from './event-stream.ts';
import { httpTransport } from './http-transport.ts';

type Fetch = typeof globalThis.fetch;
const timers = () => new FakeTimers();
const transport = (fetch: Fetch, token?: () => string | null, at = timers()) =>
  httpTransport({ baseUrl: 'http://host', fetch, timers: at, ...(token ? { token } : {}) });
const request = {
  method: 'POST',
  path: '/v1/sync/pull',
  body: { a: 1 },
  timeoutMs: 1000,
  signal: new AbortController().signal,
} as const;

describe('the HTTP transport', () => {
  it('sends JSON with the cookie, or a Bearer token without one', async () => {
    const seen: RequestInit[] = [];
    const fetch: Fetch = async (_, init) => {
      seen.push(init ?? {});
      return Response.json({ ok: 1 });
    };
    expect(await transport(fetch).send(request)).toEqual({ ok: true, body: { ok: 1 } });
    await transport(fetch, () => 'secret').send(request);
    expect(seen[0]).toMatchObject({ method: 'POST', body: '{"a":1}', credentials: 'same-origin' });
    expect(seen[1]).toMatchObject({
      credentials: 'omit',
      headers: { authorization: 'Bearer secret', 'content-type': 'application/json' },
    });
  });

  it.each([
    [
      409,
      '{"error":{"code":"batch_gap","message":"m","details":{"expected":3}}}',
      {},
      { status: 409, code: 'batch_gap', message: 'm', details: { expected: 3 } },
    ],
    [
      429,
      '{"error":{"code":"rate_limited","message":"m"}}',
      { 'retry-after': '7' },
      { code: 'rate_limited', retryAfterMs: 7000 },
    ],
    [429, '{}', { 'retry-after': '86400' }, { retryAfterMs: 3_600_000 }],
    [503, '{}', { 'retry-after': 'Fri, 20 Nov 2026 08:00:00 GMT' }, { retryAfterMs: null, code: 'internal' }],
    [502, '<html>', {}, { status: 502, code: 'internal', details: {} }],
    [200, '<html>captive portal', {}, { status: 200, code: 'internal' }],
  ])('%i %s', async (status, text, headers, want) => {
    const fetch: Fetch = async () => new Response(text, { status, headers });
    expect(await transport(fetch).send(request)).toMatchObject({ ok: false, kind: 'status', ...want });
  });

  it('no answer, a cut one, and one that takes too long are all no network', async () => {
    expect(await transport(() => Promise.reject(new TypeError('failed'))).send(request)).toEqual({
      ok: false,
      kind: 'network',
    });
    const cut = new ReadableStream({ start: (controller) => controller.error(new Error('cut')) });
    expect(await transport(async () => new Response(cut)).send(request)).toEqual({ ok: false, kind: 'network' });
    const at = timers();
    const never: Fetch = (_, init) =>
      new Promise((_, reject) => init?.signal?.addEventListener('abort', () => reject(new Error('aborted'))));
    const slow = transport(never, undefined, at).send(request);
    await at.advance(1001);
    expect(await slow).toEqual({ ok: false, kind: 'network' });
  });

  it('a slow answer is waited for as long as it goes on, and given up when it stops', async () => {
    const at = timers();
    const chunks = ['{"ok"', ':', '1}'].map((text) => new TextEncoder().encode(text));
    let push: (chunk: Uint8Array | undefined) => void = () => undefined;
    const slow: Fetch = async (_, init) =>
      new Response(
        new ReadableStream({
          start: (controller) => {
            push = (chunk) => (chunk ? controller.enqueue(chunk) : controller.close());
            init?.signal?.addEventListener('abort', () => controller.error(new Error('aborted')));
          },
        }),
      );
    const drip = async () => {
      for (const chunk of chunks) {
        await at.advance(900);
        push(chunk);
        await new Promise((resolve) => setTimeout(resolve));
      }
    };
    const whole = transport(slow, undefined, at).send(request);
    await drip();
    push(undefined);
    expect(await whole).toEqual({ ok: true, body: { ok: 1 } });
    const stuck = transport(slow, undefined, at).send(request);
    await drip();
    await at.advance(1001);
    expect(await stuck).toEqual({ ok: false, kind: 'network' });
  });

  it('reads the event stream, and ends when it is cut or is none', async () => {
    const events: LiveEvent[] = [];
    let opened = 0;
    const listener = { open: () => void opened++, event: (event: LiveEvent) => void events.push(event) };
    const text = 'event: heads\ndata: {"s":5}\n\n: comment\nevent: run\r\ndata: {"phase":"pl';
    const chunks = [text.slice(0, 9), text.slice(9, 40), text.slice(40), 'anning"}\r\n\r\n'];
    const body = new ReadableStream({
      pull: (controller) => {
        const chunk = chunks.shift();
        if (chunk === undefined) controller.error(new Error('cut'));
        else controller.enqueue(new TextEncoder().encode(chunk));
      },
    });
    const stream: Fetch = async () =>
      new Response(body, { headers: { 'content-type': 'text/event-stream; charset=utf-8' } });
    await transport(stream).live(listener, request.signal);
    expect(events).toEqual([
      { event: 'heads', data: { s: 5 } },
      { event: 'run', data: { phase: 'planning' } },
    ]);
    await transport(async () => new Response('{}', { status: 401 })).live(listener, request.signal);
    expect(opened).toBe(1);
  });

  it('passes over what is no event of this protocol', () => {
    const events: LiveEvent[] = [];
    const reader = new EventStreamReader((event) => events.push(event));
    reader.push(
      'event: other\ndata: {}\n\nevent: heads\ndata: not json\n\nevent: heads\ndata: {"a":\ndata: 1}\n\ndata: {}\n\n',
    );
    expect(events).toEqual([{ event: 'heads', data: { a: 1 } }]);
  });
});
