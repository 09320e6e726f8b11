/** Runs inside the worker thread: PGlite is synchronous wasm and would stall the server's event loop. */
import { parentPort, workerData } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';
import { DurableNodeFS, durableStartParams } from './durable-node-fs.ts';
import type { EngineReply, EngineRequest, EngineWorkerData } from './engine-thread.ts';

const port = parentPort;
if (!port) throw new Error('engine-worker must run in a worker thread');

const { dataDir } = workerData as EngineWorkerData;
const engine = await (dataDir === null
  ? PGlite.create()
  : PGlite.create({ fs: new DurableNodeFS(dataDir), startParams: durableStartParams() }));

port.on('message', async (request: EngineRequest) => {
  if (request.kind === 'close') {
    await engine.close();
    post({ kind: 'closed' });
    process.exit(0); // Ends this thread only; wasm handles would keep it alive.
  }
  try {
    const parts: Uint8Array[] = [];
    await engine.runExclusive(() =>
      engine.execProtocolRawStream(request.batch, { onRawData: (part) => parts.push(part.slice()) }),
    );
    const bytes = new Uint8Array(Buffer.concat(parts));
    post({ kind: 'answer', bytes }, [bytes.buffer]);
  } catch (error) {
    post({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
  }
});
post({ kind: 'ready' });

function post(reply: EngineReply, transfer: ArrayBuffer[] = []): void {
  port?.postMessage(reply, transfer);
}
