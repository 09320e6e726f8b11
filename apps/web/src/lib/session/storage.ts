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
  if (storage === undefined) return { usedBytes: null, persisted: false, canPersist: false };
  const estimate = await storage.estimate().catch(() => ({}) as StorageEstimate);
  const persisted = await storage.persisted().catch(() => false);
  return { usedBytes: estimate.usage ?? null, persisted, canPersist: true };
}

/** Asks the browser to keep the data when space runs short. It may refuse, ask the person, or agree in silence. */
export async function askToPersist(seams: Pick<Seams, 'storage'>): Promise<boolean> {
  const storage = seams.storage();
  if (storage === undefined) return false;
  if (await storage.persisted().catch(() => false)) return true;
  return storage.persist().catch(() => false);
}
