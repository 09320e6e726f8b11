import { createServer, type ServerOptions } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';

/** What a client that sends slowly is granted; then 408, and its connection ends. */
export type Patience = {
  headersMs: number;
  /** Headers and body together. */
  requestMs: number;
  /** How often the two are looked at. */
  checkMs: number;
};

const PATIENCE: Patience = { headersMs: 10_000, requestMs: 25_000, checkMs: 2_000 };
const HEADER_BYTES_MAX = 16 * 1024;
/**
 * Node ends a connection in mid-request when headers pass its own limit, and the reset may overtake the 431. So it takes
 * this much, and what is over the limit above is answered properly.
 */
const HEADER_BYTES_TAKEN = 256 * 1024;
/** After `close`, requests under way have this long; live streams never end by themselves. */
const CLOSE_GRACE_MS = 1_000;

export type Listening = {
  /** The port, also when 0 was asked for. */
  port: number;
  /** Takes no more connections and ends those there are. */
  close(): Promise<void>;
};

/** Thrown with words for a person: what is in the way, and what to do. */
export class ListenError extends Error {}

type Fetch = Parameters<typeof createAdaptorServer>[0]['fetch'];

/** Serves on a port. Rejects with {@link ListenError} when it cannot be had. */
export async function listen(
  fetch: Fetch,
  { host, port, patience = PATIENCE }: { host: string; port: number; patience?: Patience },
): Promise<Listening> {
  const serverOptions: ServerOptions = {
    headersTimeout: patience.headersMs,
    requestTimeout: patience.requestMs,
    connectionsCheckingInterval: patience.checkMs,
    maxHeaderSize: HEADER_BYTES_TAKEN,
  };
  const server = createAdaptorServer({ fetch: refuseLongHeaders(fetch), createServer, serverOptions }) as ReturnType<
    typeof createServer
  >;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(explain(error, host, port)));
    server.listen(port, host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        const timer = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS);
        server.close(() => {
          clearTimeout(timer);
          resolve();
        });
        server.closeIdleConnections();
      }),
  };
}

function refuseLongHeaders(fetch: Fetch): Fetch {
  return (request, env) => {
    // The raw ones: reading them costs nothing, where a Headers object would be made for every request.
    const bytes = env.incoming.rawHeaders.reduce((sum, text) => sum + text.length, 0);
    return bytes > HEADER_BYTES_MAX ? new Response(null, { status: 431 }) : fetch(request, env);
  };
}

function explain(error: NodeJS.ErrnoException, host: string, port: number): Error {
  if (error.code === 'EADDRINUSE') return new ListenError(`Port ${port} on ${host} is in use: choose another one.`);
  if (error.code === 'EACCES')
    return new ListenError(`Port ${port} may not be used by this user: choose one from 1024 on.`);
  if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND') {
    return new ListenError(`${host} is no address of this machine: choose 127.0.0.1, 0.0.0.0 or one that is.`);
  }
  return error;
}
