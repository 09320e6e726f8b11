import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { ListenError, type Listening, listen } from './listen.ts';

const HERE = { host: '127.0.0.1', port: 0 };
const open: Listening[] = [];
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(open.splice(0).map((server) => server.close()));
});

async function serve(
  fetch: (request: Request) => Response | Promise<Response>,
  patience?: Parameters<typeof listen>[1]['patience'],
) {
  const server = await listen(fetch, patience ? { ...HERE, patience } : HERE);
  open.push(server);
  return server;
}

/** Sends text and resolves with all that comes back until the server ends the connection. */
async function raw(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  let answer = '';
  socket.on('data', (data) => {
    answer += String(data);
  });
  socket.on('error', () => {});
  socket.write(text);
  await once(socket, 'close');
  return answer;
}

test('a port in use is refused in words', async () => {
  const { port } = await serve(() => new Response('here'));
  const refused = await listen(() => new Response(), { ...HERE, port }).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(ListenError);
  expect((refused as Error).message).toContain(`Port ${port} on 127.0.0.1 is in use`);
});

test('a host that is not of this machine is refused in words', async () => {
  await expect(listen(() => new Response(), { host: '192.0.2.1', port: 0 })).rejects.toThrow(
    'no address of this machine',
  );
});

test('slow headers and a slow body end with 408', async () => {
  const patience = { headersMs: 150, requestMs: 300, checkMs: 50 };
  const { port } = await serve(async (request) => new Response(await request.text()), patience);
  const [headers, body] = await Promise.all([
    raw(port, 'GET / HTTP/1.1\r\nHost: x\r\n'),
    raw(port, 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc'),
  ]);
  expect(headers).toMatch(/^HTTP\/1\.1 408 /);
  expect(body).toMatch(/^HTTP\/1\.1 408 /);
});

test('64 KB of headers are 431', async () => {
  const { port } = await serve(() => new Response());
  const answer = await raw(
    port,
    `GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Big: ${'a'.repeat(65_536)}\r\n\r\n`,
  );
  expect(answer).toMatch(/^HTTP\/1\.1 431 /);
  const response = await fetch(`http://127.0.0.1:${port}/`, { headers: { cookie: 'a'.repeat(65_536) } });
  expect(response.status).toBe(431);
});

test('closing ends streams that never end by themselves, within 2 s', async () => {
  const server = await serve(
    () => new Response(new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array([46])) })),
  );
  const response = await fetch(`http://127.0.0.1:${server.port}/`);
  const reading = response.text().catch(() => 'ended');
  const started = performance.now();
  await server.close();
  expect(performance.now() - started).toBeLessThan(2000);
  expect(await reading).toBe('ended');
});
