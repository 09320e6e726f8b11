import { randomBytes } from 'node:crypto';
import { openDatabase } from '@manara/db/client';
import { migrate } from '@manara/db/migrate';
import type { TestProject } from 'vitest/node';
import { startThrowawayPostgres, type ThrowawayPostgres } from './throwaway-postgres.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The throw-away server's maintenance database. */
    postgresUrl: string;
    /** A database with every migration applied, to copy. */
    postgresTemplate: string;
  }
}

let server: ThrowawayPostgres | undefined;

/** Vitest calls it once before the `pg` project's files run: one server, migrated once, copied by every test. */
export async function setup(project: TestProject): Promise<void> {
  server = await startThrowawayPostgres();
  const template = `template_${randomBytes(4).toString('hex')}`;
  try {
    await migrateInto(await server.createDatabase({ name: template }));
  } catch (error) {
    await server.stop();
    throw error;
  }
  project.provide('postgresUrl', server.url);
  project.provide('postgresTemplate', template);
}

/** Vitest calls it after the last file. */
export async function teardown(): Promise<void> {
  await server?.stop();
}

async function migrateInto(url: string): Promise<void> {
  const db = await openDatabase({ kind: 'postgres', url, poolMax: 1 });
  try {
    await migrate(db);
  } finally {
    await db.close();
  }
}
