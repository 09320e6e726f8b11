import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bench } from './measurement.ts';

/** A folder of this measurement's own. */
export async function tempFolder(bench: Bench): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'manara-bench-'));
  // A browser that has just ended may still be writing its last file.
  bench.keep(() => rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }));
  return folder;
}
