import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { BODY_BYTES_MAX } from '@manara/protocol/limits';
import { Hono } from 'hono';
import { expect, it } from 'vitest';
import { errorResponse, HttpError } from './http-error.ts';
import { readJson } from './read-body.ts';

/** A request whose body the test feeds, as the node server hands it over. */
function setUp() {
  const body = new PassThrough();
  let ring = () => {};
  const clock = {
    nowMs: () => 0,
    after: (_ms: number, work: () => void) => {
      ring = work;
      return () => {};
    },
  };
  const app = new Hono();
  app.post('/', async (c) => c.json(await readJson(c, clock)));
  app.onError((error) => {
    if (error instanceof HttpError) return errorResponse(error, 'id');
    throw error;
  });
  const headers = { 'content-type': 'application/json' };
  const incoming = body as unknown as IncomingMessage;
  const response = Promise.resolve(app.request('/', { method: 'POST', headers }, { incoming }));
  const code = async () => {
    const reply = await response;
    const read = (await reply.json()) as { error: { code: string } };
    return [reply.status, read.error.code, reply.headers.get('connection')];
  };
  return { body, response, code, ring: () => ring() };
}

it('reads a body that comes in pieces, also when they cut a character', async () => {
  const { body, response } = setUp();
  const bytes = Buffer.from('{"a":"é😀"}');
  for (const byte of bytes) body.write(Uint8Array.of(byte));
  body.end();
  expect(await (await response).json()).toEqual({ a: 'é😀' });
});

it('a body that takes too long is 408, and its connection ends', async () => {
  const { body, code, ring } = setUp();
  body.write('{"a":');
  await new Promise((resolve) => setImmediate(resolve));
  ring();
  expect(await code()).toEqual([408, 'timeout', 'close']);
});

it('a body over the limit is 413 before it has ended', async () => {
  const { body, code } = setUp();
  body.write(Buffer.alloc(BODY_BYTES_MAX));
  body.write('x');
  expect(await code()).toEqual([413, 'too_large', null]);
});

it('a connection that ends before the body is no failure of the server', async () => {
  const { body, code } = setUp();
  body.write('{');
  body.destroy();
  expect(await code()).toEqual([408, 'timeout', null]);
});
