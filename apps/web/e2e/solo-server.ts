import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const program = join(import.meta.dirname, '../../../services/solo/src/main.ts');
const START_MS = 90_000;

/** The real server in a process of its own, with its embedded database in a folder of its own. */
export interface SoloServer {
  readonly url: string;
  /** everything that it printed, for messages of failed tests */
  output(): string;
  /** `kill -9`: no chance to tidy up */
  kill(): Promise<void>;
  /** Starts it again on the same port and data, and waits until it is ready. */
  start(): Promise<void>;
  /** Stops it and removes its data. */
  dispose(): Promise<void>;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** Starts a server; `env` adds to its environment, for a model and for limits. */
export async function startSolo(env: Readonly<Record<string, string>>): Promise<SoloServer> {
  const data = await mkdtemp(join(tmpdir(), 'manara-e2e-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  let child: ChildProcess | undefined;
  let printed = '';

  async function start(): Promise<void> {
    // Only what the test says: a model set up in the developer's shell must not plan here.
    const inherited = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !/^(MANARA|OPENAI|DATABASE|VALKEY)_/.test(name)),
    );
    const started = spawn(process.execPath, [program, '--port', String(port), '--data', data], {
      env: { ...inherited, MANARA_TICK_MS: '1000', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child = started;
    started.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
    started.stderr.on('data', (chunk: Buffer) => (printed += chunk.toString()));
    const deadline = Date.now() + START_MS;
    while (Date.now() < deadline) {
      if (started.exitCode !== null) throw new Error(`the server ended with ${started.exitCode}:\n${printed}`);
      const ready = await fetch(`${url}/readyz`).then(
        (response) => response.ok,
        () => false,
      );
      if (ready) return;
      await sleep(100);
    }
    throw new Error(`the server was not ready after ${START_MS} ms:\n${printed}`);
  }

  async function end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  await start();
  return {
    url,
    output: () => printed,
    kill: () => end('SIGKILL'),
    start,
    dispose: async () => {
      await end('SIGTERM');
      await rm(data, { recursive: true, force: true });
    },
  };
}
