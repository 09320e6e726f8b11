/** Runs inside the worker thread: PGlite is synchronous wasm and would stall the server's event loop. */
import { parentPort, workerData } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';
import { DurableNodeFS, durableStartParams } from './durable-node-fs.ts';
import type { EngineReply, EngineRequest, WorkerData } from './engine-thread.ts';

const port = parentPort;
if (!port) throw new Error('engine-worker must run in a worker thread');

const engine = await open(workerData as WorkerData);

port.on('message', async (request: EngineRequest) => {
  if (request.kind === 'close') {
    await engine.close();
    post({ kind: 'closed' });
    process.exit(0); // Ends this thread only; wasm handles would keep it alive.
  }
  try {
    const bytes = request.kind === 'exec' ? await exec(request.batch) : await snapshot();
    post({ kind: 'answer', bytes }, [bytes.buffer]);
  } catch (error) {
    post({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
  }
});
post({ kind: 'ready' });

function open(data: WorkerData): Promise<PGlite> {
  if (data.dataDir !== null) {
    return PGlite.create({ fs: new DurableNodeFS(data.dataDir), startParams: durableStartParams() });
  }
  const { snapshot, wasmModule } = data;
  return PGlite.create({
    ...(snapshot && { loadDataDir: new Blob([new Uint8Array(snapshot)]) }),
    ...(wasmModule && { pgliteWasmModule: wasmModule }),
  });
}

async function exec(batch: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  await engine.runExclusive(() =>
    engine.execProtocolRawStream(batch, { onRawData: (part) => parts.push(part.slice()) }),
  );
  return new Uint8Array(Buffer.concat(parts));
}

async function snapshot(): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await (await engine.dumpDataDir('none')).arrayBuffer());
}

function post(reply: EngineReply, transfer: ArrayBuffer[] = []): void {
  port?.postMessage(reply, transfer);
}
