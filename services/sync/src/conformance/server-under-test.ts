import { startNewEpoch } from '@manara/db/epoch';
import type { TestEngine } from '@manara/testkit/engines';
import { createApp } from '../app.ts';
import { createAuth } from '../auth.ts';
import { listen } from '../listen.ts';
import { createPokes, type Pokes } from '../pokes.ts';
import { systemClock } from '../seams.ts';

/** The server that the conformance suite talks to, on a real socket. */
export interface ServerUnderTest {
  readonly url: string;
  readonly pokes: Pokes;
  /** What a server's owner does after restoring a backup; no request can. */
  restoreBackup(): Promise<void>;
  /** Moves the server's wall clock, now and from now on; no request can. */
  turnClock(offsetMs: number): void;
  /** errors and warnings that were logged */
  readonly logged: string[];
  stop(): Promise<void>;
}

export async function startServer(
  engine: TestEngine,
  options: { readonly publicUrl?: string; readonly trustedProxies?: readonly string[] } = {},
): Promise<ServerUnderTest> {
  const db = await engine.open();
  const logged: string[] = [];
  const note = (details: object, message: string) => {
    const { err } = details as { err?: Error };
    logged.push(`${message} ${err?.stack ?? ''} ${JSON.stringify(details)}`);
  };
  const log = { debug: () => {}, info: () => {}, warn: note, error: note };
  const { publicUrl = null, trustedProxies = ['127.0.0.1'] } = options;
  const config = {
    secret: 'a-secret-of-forty-characters-for-testing',
    signup: 'open' as const,
    publicUrl,
    trustedProxies,
  };
  const pokes = createPokes();
  let offsetMs = 0;
  const clock = { ...systemClock, nowMs: () => systemClock.nowMs() + offsetMs };
  const stopping = new AbortController();
  const planner = {
    info: () => ({ kind: 'rules' as const, model: null, endpointHost: null }),
    probe: async () => ({ ok: false, model: null, latencyMs: null, message: 'No model is set.' }),
  };
  const auth = createAuth({ db, config, log });
  const app = createApp({ db, auth, pokes, clock, log, config, planner, stopping: stopping.signal });
  const server = await listen(app.fetch as Parameters<typeof listen>[0], { host: '127.0.0.1', port: 0 });
  return {
    url: `http://127.0.0.1:${server.port}`,
    pokes,
    logged,
    turnClock: (ms) => {
      offsetMs = ms;
    },
    restoreBackup: async () => void (await startNewEpoch(db)),
    stop: async () => {
      stopping.abort();
      await server.close();
      await db.close();
    },
  };
}
