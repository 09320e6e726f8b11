/** How much room the origin uses and may use; null where the browser does not say. */
export async function estimateStorage(
  storage: StorageManager | undefined = navigator.storage,
): Promise<{ readonly usageBytes: number; readonly quotaBytes: number } | null> {
  const estimate = await storage?.estimate?.().catch(() => undefined);
  if (estimate?.usage === undefined || estimate.quota === undefined) return null;
  return { usageBytes: estimate.usage, quotaBytes: estimate.quota };
}

/**
 * Asks the browser never to clear this origin's data by itself. Ask after the first value for the person: some browsers
 * prompt.
 * @returns whether the data is safe from eviction
 */
export async function persistStorage(storage: StorageManager | undefined = navigator.storage): Promise<boolean> {
  if (storage?.persist === undefined) return false;
  const already = await storage.persisted().catch(() => false);
  return already || (await storage.persist().catch(() => false));
}
