import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { EngineSocket } from './engine-socket.ts';
import { startEngineThread } from './engine-thread.ts';
import { Multiplexer } from './multiplexer.ts';

export type EmbeddedEngine = {
  /** For the `socket` option of postgres.js. */
  connect: () => EngineSocket;
  multiplexer: Multiplexer;
  close(): Promise<void>;
};

/**
 * Starts the embedded engine on a folder (null: in memory). The caller holds the folder's lock: the engine takes none
 * itself, and two processes on one folder lose rows without a word.
 */
export async function openEmbedded(dataDir: string | null): Promise<EmbeddedEngine> {
  if (dataDir !== null && !existsSync(dataDir)) await createCluster(dataDir);
  const engine = await startEngineThread(dataDir);
  const multiplexer = new Multiplexer(engine);
  return { connect: () => new EngineSocket(multiplexer), multiplexer, close: () => engine.close() };
}

/** A folder has its name only once it is whole: a process killed while making it leaves nothing half-made behind. */
async function createCluster(dataDir: string): Promise<void> {
  const unfinished = `${dataDir}.creating`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(dirname(dataDir), { recursive: true });
  const engine = await startEngineThread(unfinished);
  await engine.close();
  await rename(unfinished, dataDir);
}
