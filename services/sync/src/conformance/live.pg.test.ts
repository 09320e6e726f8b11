import { randomUUID } from 'node:crypto';
import { engines } from '@manara/testkit/engines';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { another, Installation, send, signUp } from './independent-client.ts';
import { type ServerUnderTest, startServer } from './server-under-test.ts';

interface LiveEvent {
  event: string;
  /** heads by space, or the keys of another event */
  data: Record<string, unknown>;
}

/** Reads an event stream as the protocol words it: an `event:` line, then one `data:` line of JSON. */
class LiveStream {
  readonly events: LiveEvent[] = [];
  readonly ended: Promise<void>;
  readonly headers: Headers;
  readonly #abort: AbortController;
  #wake = () => {};

  constructor(response: Response, abort: AbortController) {
    this.headers = response.headers;
    this.#abort = abort;
    this.ended = this.#read(response.body as ReadableStream<Uint8Array>).catch(() => {});
  }

  static async open(installation: Installation): Promise<LiveStream> {
    const abort = new AbortController();
    const response = await fetch(`${installation.base}/v1/sync/live`, {
      headers: { authorization: `Bearer ${installation.token}`, accept: 'text/event-stream' },
      signal: abort.signal,
    });
    if (response.status !== 200) throw new Error(`live: ${response.status}`);
    return new LiveStream(response, abort);
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    let text = '';
    const decoder = new TextDecoder();
    for await (const chunk of body) {
      text += decoder.decode(chunk, { stream: true });
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const match = /^event: (\w+)\ndata: (.*)$/.exec(text.slice(0, end));
        if (match === null) throw new Error(`not an event: ${text.slice(0, end)}`);
        this.events.push({ event: match[1] ?? '', data: JSON.parse(match[2] ?? '') as Record<string, unknown> });
        text = text.slice(end + 2);
        this.#wake();
      }
    }
  }

  async until(found: (event: LiveEvent) => boolean, ms = 5000): Promise<LiveEvent> {
    const deadline = performance.now() + ms;
    for (;;) {
      const event = this.events.find(found);
      if (event) return event;
      const left = deadline - performance.now();
      if (left <= 0) throw new Error(`no such event in ${ms} ms: ${JSON.stringify(this.events)}`);
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      const timer = setTimeout(resolve, left);
      await promise;
      clearTimeout(timer);
    }
  }

  close(): void {
    this.#abort.abort();
  }
}

describe.each(engines)('live events on $name', (engine) => {
  let server: ServerUnderTest;
  let ada: Installation;
  const streams: LiveStream[] = [];
  const open = async (installation: Installation) => {
    const stream = await LiveStream.open(installation);
    streams.push(stream);
    return stream;
  };

  beforeAll(async () => {
    server = await startServer(engine);
  });
  afterAll(async () => {
    await server.stop();
    expect(server.logged).toEqual([]);
  });
  beforeEach(async () => {
    ada = await signUp(server.url);
  });
  afterEach(() => {
    for (const stream of streams.splice(0)) stream.close();
  });

  it('tells the heads at once, and after every commit that changes one', async () => {
    const stream = await open(ada);
    expect(stream.headers.get('content-type')).toMatch(/^text\/event-stream/);
    expect(await stream.until(() => true)).toEqual({ event: 'heads', data: { [ada.space]: 0 } });
    await ada.push([ada.todo('a')]);
    await stream.until(({ event, data }) => event === 'heads' && data[ada.space] === 1);
    await ada.push([5]);
    const second = await another(ada);
    await second.push([second.todo('b'), second.todo('c')]);
    await stream.until(({ event, data }) => event === 'heads' && data[ada.space] === 3);
    expect(stream.events.map(({ data }) => data[ada.space])).toEqual([0, 1, 3]);
  });

  it('carries no records, and nothing of another account', async () => {
    const bob = await signUp(server.url);
    const stream = await open(bob);
    await ada.push([ada.todo('secret')]);
    server.pokes.run(ada.space, { missionId: randomUUID(), runId: randomUUID(), phase: 'planning', elapsedMs: 1 });
    await bob.push([bob.todo('mine')]);
    await stream.until(({ data }) => data[bob.space] === 1);
    const text = JSON.stringify(stream.events);
    expect(text).not.toContain('mine');
    expect(text).not.toContain(ada.space);
    expect(text).not.toContain('planning');
  });

  it('tells how a run gets on', async () => {
    const stream = await open(ada);
    await stream.until(() => true);
    const run = { missionId: randomUUID(), runId: randomUUID(), phase: 'planning', elapsedMs: 42 };
    server.pokes.run(ada.space, run);
    expect(await stream.until(({ event }) => event === 'run')).toEqual({ event: 'run', data: run });
  });

  it("ends with the device's session within 5 s, however it ended; others go on", { timeout: 20_000 }, async () => {
    const credentials = { email: `${randomUUID()}@example.org`, password: 'correct horse battery' };
    const signIn = async (path: string) => {
      const headers = { 'x-forwarded-for': '2001:db8::1' };
      const { body } = await send(server.url, 'POST', path, { json: credentials, headers });
      return new Installation(server.url, body.token, await send(server.url, 'GET', '/v1/me', { token: body.token }));
    };
    const [phone, laptop, tablet] = [
      await signIn('/v1/auth/sign-up/email'),
      await signIn('/v1/auth/sign-in/email'),
      await signIn('/v1/auth/sign-in/email'),
    ];
    await phone.push([]);
    const [onPhone, onLaptop, onTablet] = [await open(phone), await open(laptop), await open(tablet)];
    const ending = async (stream: LiveStream) => {
      const started = performance.now();
      await stream.ended;
      return performance.now() - started;
    };
    await laptop.call('DELETE', `/v1/devices/${phone.client}`);
    expect(await ending(onPhone)).toBeLessThan(5000);
    await send(server.url, 'POST', '/v1/auth/sign-out', { token: tablet.token, json: {} });
    expect(await ending(onTablet)).toBeLessThan(5000);
    await laptop.push([laptop.todo('still here')]);
    await onLaptop.until(({ data }) => data[laptop.space] === 1);
  });
});

// Both at once: nearly all of it is waiting.
it.concurrent.each(engines)('repeats the heads every 20 s, on $name', { timeout: 60_000 }, async (engine) => {
  const server = await startServer(engine);
  try {
    const ada = await signUp(server.url);
    const stream = await LiveStream.open(ada);
    await stream.until(() => stream.events.length >= 2, 25_000);
    expect(stream.events).toEqual(Array(2).fill({ event: 'heads', data: { [ada.space]: 0 } }));
    stream.close();
  } finally {
    await server.stop();
  }
  expect(server.logged).toEqual([]);
});
