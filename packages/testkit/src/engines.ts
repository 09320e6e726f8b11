import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Database, openDatabase } from '@manara/db/client';
import { migrate, readMigrations } from '@manara/db/migrate';
import { freshDatabase } from './fresh-database.ts';

/** A kind of database that the suites run on. */
export type TestEngine = {
  name: 'postgres' | 'embedded';
  /** Opens a new, empty, migrated database. The test closes it. */
  open(): Promise<Database>;
};

/** For `describe.each(engines)` in `*.pg.test.ts` files: real Postgres, and the embedded engine in memory. */
export const engines: TestEngine[] = [
  {
    name: 'postgres',
    open: async () => openDatabase({ kind: 'postgres', url: await freshDatabase() }),
  },
  {
    name: 'embedded',
    open: async () => openDatabase({ kind: 'embedded', dataDir: null, snapshot: await migratedSnapshot() }),
  },
];

/**
 * Making and migrating an embedded database takes 3 s, starting from a snapshot of one 0.5 s: the snapshot is kept
 * between runs under a name that changes with the migrations and the engine.
 */
async function migratedSnapshot(): Promise<Uint8Array> {
  const path = join(tmpdir(), `manara-embedded-${await snapshotKey()}.tar`);
  if (!existsSync(path)) {
    const db = await openDatabase({ kind: 'embedded', dataDir: null });
    await migrate(db);
    if (!db.snapshot) throw new Error('the embedded engine offers no snapshot');
    const draft = `${path}.${process.pid}`;
    await writeFile(draft, await db.snapshot());
    await rename(draft, path);
    await db.close();
  }
  return readFile(path);
}

async function snapshotKey(): Promise<string> {
  const migrations = await readMigrations(fileURLToPath(new URL('../../../migrations/', import.meta.url)));
  const engine = await readFile(new URL('../../db/package.json', import.meta.url));
  const hash = createHash('sha256').update(engine);
  for (const migration of migrations) hash.update(migration.checksum);
  return hash.digest('hex').slice(0, 16);
}
