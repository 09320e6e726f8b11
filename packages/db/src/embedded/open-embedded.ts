import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { EngineSocket } from './engine-socket.ts';
import { type EngineData, startEngineThread } from './engine-thread.ts';
import { Multiplexer } from './multiplexer.ts';

export type EmbeddedEngine = {
  /** For the `socket` option of postgres.js. */
  connect: () => EngineSocket;
  multiplexer: Multiplexer;
  /** A tar of the data to start other in-memory engines from. Only while no query runs. */
  snapshot(): Promise<Uint8Array>;
  close(): Promise<void>;
};

/**
 * Starts the embedded engine on a folder or in memory. The caller holds the folder's lock: the engine takes none
 * itself, and two processes on one folder lose rows without a word.
 */
export async function openEmbedded(data: EngineData): Promise<EmbeddedEngine> {
  if (data.dataDir !== null && !existsSync(data.dataDir)) await createCluster(data.dataDir);
  const engine = await startEngineThread(data);
  const multiplexer = new Multiplexer(engine);
  return {
    connect: () => new EngineSocket(multiplexer),
    multiplexer,
    snapshot: () => engine.snapshot(),
    close: () => engine.close(),
  };
}

/** A folder has its name only once it is whole: a process killed while making it leaves nothing half-made behind. */
async function createCluster(dataDir: string): Promise<void> {
  const unfinished = `${dataDir}.creating`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(dirname(dataDir), { recursive: true });
  const engine = await startEngineThread({ dataDir: unfinished });
  await engine.close();
  await rename(unfinished, dataDir);
}
