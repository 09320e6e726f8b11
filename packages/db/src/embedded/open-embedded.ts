import { existsSync } from 'node:fs';
import { createCluster } from './create-cluster.ts';
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
