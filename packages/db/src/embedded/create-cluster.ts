import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { durableStartParams } from './durable-node-fs.ts';
import { startEngineThread } from './engine-thread.ts';

/** Beside the installed packages: thrown away with them, never part of the repository or of anyone's data. */
const CACHE = fileURLToPath(new URL('../../../../node_modules/.cache/manara/', import.meta.url));
const FSYNC_AT_ONCE = 32;

/**
 * Makes the empty database of a new data folder. The folder has its name only once it is whole and on the disk: a
 * process killed meanwhile leaves nothing half-made behind.
 *
 * Making one costs 4 s of CPU, copying one 0.1 s: the first is kept for the next (another data folder, the tests).
 */
export async function createCluster(dataDir: string): Promise<void> {
  const unfinished = `${dataDir}.creating`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(dirname(dataDir), { recursive: true });
  const template = join(CACHE, `postgres-${await templateKey()}`);
  if (existsSync(template)) {
    await cp(template, unfinished, { recursive: true });
  } else {
    const engine = await startEngineThread({ dataDir: unfinished });
    await engine.close();
    // A read-only or full disk there is no reason to fail.
    await keepTemplate(unfinished, template).catch(() => {});
  }
  await syncTree(unfinished);
  await rename(unfinished, dataDir);
  await syncPath(dirname(dataDir));
}

/** Changes with whatever the files depend on: the engine's version, the machine's, and how it is started. */
async function templateKey(): Promise<string> {
  const manifest = createRequire(import.meta.url)
    .resolve('@electric-sql/pglite')
    .replace(/dist[/\\].*$/, 'package.json');
  const hash = createHash('sha256')
    .update(await readFile(manifest))
    .update(process.arch);
  return hash.update(JSON.stringify(durableStartParams())).digest('hex').slice(0, 16);
}

async function keepTemplate(cluster: string, template: string): Promise<void> {
  const draft = `${template}.${process.pid}`;
  await rm(draft, { recursive: true, force: true });
  await cp(cluster, draft, { recursive: true });
  // Of two at once one finds the name taken: theirs is as good.
  await rename(draft, template).catch(() => rm(draft, { recursive: true, force: true }));
}

/** Every file and folder on the disk: a later fsync of the engine only reaches what it writes itself. */
async function syncTree(folder: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = [folder, ...entries.map((entry) => join(entry.parentPath, entry.name))];
  const next = paths.values();
  const worker = async () => {
    for (const path of next) await syncPath(path);
  };
  await Promise.all(Array.from({ length: FSYNC_AT_ONCE }, worker));
}

async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
