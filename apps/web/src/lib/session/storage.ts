import { estimateStorage } from '@manara/local-db/storage';
import type { Seams } from './seams.ts';

/** What the browser says about the room that the app takes. */
export interface StorageReport {
  /** null: the browser does not tell */
  readonly usedBytes: number | null;
  /** the browser has promised not to clear it by itself */
  readonly persisted: boolean;
  readonly canPersist: boolean;
}

export async function readStorage(seams: Pick<Seams, 'storage'>): Promise<StorageReport> {
  const storage = seams.storage();
  const estimate = await estimateStorage(storage);
  const persisted = (await storage?.persisted?.().catch(() => false)) ?? false;
  return { usedBytes: estimate?.usageBytes ?? null, persisted, canPersist: storage?.persist !== undefined };
}
