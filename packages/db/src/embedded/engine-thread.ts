import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { Engine } from './multiplexer.ts';

/** Where the data is: a folder, or memory (for tests), there optionally started from a snapshot. */
export type EngineData = { dataDir: string } | { dataDir: null; snapshot?: Uint8Array };
/** What the worker is started with. */
export type WorkerData = EngineData & { wasmModule?: object };
export type EngineRequest = { kind: 'exec'; batch: Uint8Array } | { kind: 'snapshot' } | { kind: 'close' };
export type EngineReply =
  | { kind: 'ready' }
  /** What the protocol answered, or a snapshot's bytes. */
  | { kind: 'answer'; bytes: Uint8Array }
  | { kind: 'failed'; message: string }
  | { kind: 'closed' };

/** With the default stack, deep recursion makes the engine answer with nothing, or hang. */
const WORKER_STACK_MB = 64;
const CLOSE_WAIT_MS = 2_000;

type Pending = { resolve: (bytes: Uint8Array) => void; reject: (error: Error) => void };

/** Part of Node; TypeScript knows it from the browser's types alone. */
declare const WebAssembly: { compile(bytes: Uint8Array): Promise<object> };

let compiled: Promise<object> | null = null;

/**
 * The engine's compiled code, for engines in memory: a test process opens dozens, and compiling is half of their work.
 * The one engine of a server compiles its own, in its own thread.
 */
function sharedModule(): Promise<object> {
  const entry = createRequire(import.meta.url).resolve('@electric-sql/pglite');
  compiled ??= readFile(new URL('pglite.wasm', pathToFileURL(entry))).then((bytes) => WebAssembly.compile(bytes));
  return compiled;
}

/** Starts PGlite in a worker thread. The multiplexer sends one batch at a time. */
export async function startEngineThread(data: EngineData): Promise<Engine> {
  const worker = new Worker(new URL('./engine-worker.ts', import.meta.url), {
    workerData: (data.dataDir === null ? { ...data, wasmModule: await sharedModule() } : data) satisfies WorkerData,
    // The flags of the process are not for its threads: `--input-type` for one refuses their files.
    execArgv: [],
    resourceLimits: { stackSizeMb: WORKER_STACK_MB },
  });
  await firstMessage(worker);

  let pending: Pending | null = null;
  let dead: Error | null = null;
  const settle = (act: (waiting: Pending) => void) => {
    const waiting = pending;
    pending = null;
    if (waiting) act(waiting);
  };
  worker.on('message', (reply: EngineReply) => {
    if (reply.kind === 'answer') settle((waiting) => waiting.resolve(reply.bytes));
    if (reply.kind === 'failed') settle((waiting) => waiting.reject(new Error(reply.message)));
  });
  const die = (error: Error) => {
    dead = error;
    settle((waiting) => waiting.reject(error));
  };
  worker.on('error', die);
  worker.on('exit', () => die(new Error('The embedded database has stopped.')));

  const ask = (request: EngineRequest) => {
    if (dead) return Promise.reject(dead);
    return new Promise<Uint8Array>((resolve, reject) => {
      pending = { resolve, reject };
      worker.postMessage(request);
    });
  };

  return {
    exec: (batch) => ask({ kind: 'exec', batch: new Uint8Array(batch) }),
    snapshot: () => ask({ kind: 'snapshot' }),
    async close() {
      if (dead) return;
      const gone = once(worker, 'exit');
      worker.postMessage({ kind: 'close' } satisfies EngineRequest);
      // A checkpoint that takes longer is not needed: the log on disk is complete, the next start replays it.
      const timer = setTimeout(() => void worker.terminate(), CLOSE_WAIT_MS);
      await gone;
      clearTimeout(timer);
    },
  };
}

/** The worker's first message is `ready`; a failure to start arrives as `error` or `exit`. */
async function firstMessage(worker: Worker): Promise<void> {
  const stop = new AbortController();
  try {
    await Promise.race([
      once(worker, 'message', { signal: stop.signal }),
      once(worker, 'exit', { signal: stop.signal }).then(() => {
        throw new Error('The embedded database stopped while starting.');
      }),
    ]);
  } finally {
    stop.abort();
  }
}
