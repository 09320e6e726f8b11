import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Database, Tx } from './client.ts';
import { inTransaction } from './in-transaction.ts';

/** The repository's migrations: numbered SQL files, forward only. */
const MIGRATIONS_DIRECTORY = fileURLToPath(new URL('../../../migrations/', import.meta.url));
const FILE_NAME = /^(\d{4})_[a-z0-9_-]+\.sql$/;

export type Migration = { number: number; name: string; sql: string; checksum: string };

/** The advisory lock that migrators queue on: any number that nothing else of this product takes. */
const MIGRATION_LOCK = 0x6d616e61;

/**
 * Brings the schema up to date and returns the names of the migrations applied. Everything pending is applied in one
 * transaction. Safe with any number of migrators at once: on Postgres they queue on an advisory lock, and the embedded
 * engine, where such locks do nothing, has one transaction at a time. Throws when an applied file was changed or the
 * database is newer than this program.
 */
export async function migrate(db: Database, directory: string = MIGRATIONS_DIRECTORY): Promise<string[]> {
  const migrations = await readMigrations(directory);
  return inTransaction(db, { role: 'owner' }, async (tx) => {
    // Before the ledger is made: `create table if not exists` is not atomic, and of two at once one may fail.
    await tx`select pg_advisory_xact_lock(${MIGRATION_LOCK})`;
    await tx`create table if not exists public.migrations (
      number integer primary key,
      name text not null,
      checksum text not null,
      applied_at timestamptz not null default now()
    )`;
    const applied = await tx<{ number: number; name: string; checksum: string }[]>`
      select number, name, checksum from public.migrations order by number`;
    assertHistory(applied, migrations);
    const pending = migrations.slice(applied.length);
    for (const migration of pending) await apply(tx, migration);
    return pending.map((migration) => migration.name);
  });
}

/** The migrations of a folder in order. Throws on a gap or a double number. */
export async function readMigrations(directory: string): Promise<Migration[]> {
  const names = (await readdir(directory)).filter((name) => FILE_NAME.test(name)).sort();
  return Promise.all(
    names.map(async (name, index) => {
      const number = Number(FILE_NAME.exec(name)?.[1]);
      if (number !== index + 1) throw new Error(`migrations: ${name} is number ${number}, expected ${index + 1}`);
      const sql = await readFile(`${directory}/${name}`, 'utf8');
      return { number, name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    }),
  );
}

function assertHistory(applied: { number: number; name: string; checksum: string }[], known: Migration[]): void {
  for (const [index, row] of applied.entries()) {
    const migration = known[index];
    if (!migration) {
      throw new Error(`The database is newer than this program: it has migration ${row.name}. Start a newer version.`);
    }
    if (row.number !== migration.number || row.checksum !== migration.checksum) {
      throw new Error(`Migration ${migration.name} was changed after it was applied: add a new one instead.`);
    }
  }
}

async function apply(tx: Tx, migration: Migration): Promise<void> {
  try {
    await tx.unsafe(migration.sql);
  } catch (error) {
    throw new Error(`Migration ${migration.name} failed: ${explain(error)}`, { cause: error });
  }
  await tx`insert into public.migrations (number, name, checksum)
    values (${migration.number}, ${migration.name}, ${migration.checksum})`;
}

function explain(error: unknown): string {
  const { code, message } = error as { code?: string; message: string };
  if (code !== '42501') return message;
  return `${message}. The database user needs CREATE on the database and either CREATEROLE or membership of the roles
manara_app, manara_runner and manara_accounts made for it beforehand.`;
}
