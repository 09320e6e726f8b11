import { randomBytes, scryptSync } from 'node:crypto';
import { startNewEpoch } from '@manara/db/epoch';
import type { TestEngine } from '@manara/testkit/engines';
import { createApp } from '../app.ts';
import { createAuth, type PasswordHashing } from '../auth.ts';
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

/**
 * Hundreds of accounts sign up here; with the true cost of a hash that was most of the suites' time. The suite of auth.ts
 * keeps the true one.
 */
const quickPasswords: PasswordHashing = {
  hash: async (password) => {
    const salt = randomBytes(16).toString('hex');
    return `${salt}:${quickHash(password, salt)}`;
  },
  verify: async ({ hash, password }) => {
    const [salt = '', expected] = hash.split(':');
    return quickHash(password, salt) === expected;
  },
};

function quickHash(password: string, salt: string): string {
  return scryptSync(password, salt, 32, { N: 256 }).toString('hex');
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
  const auth = createAuth({ db, config, log, passwords: quickPasswords });
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
