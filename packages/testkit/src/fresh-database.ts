import { inject } from 'vitest';
// for what it declares to be provided
import type {} from './pg-global-setup.ts';
import { createDatabase } from './throwaway-postgres.ts';

/**
 * The URL of a new database of this test's own with all migrations applied, in about 40 ms. Only in `*.pg.test.ts` files:
 * their vitest project starts the server. It is thrown away with the server.
 */
export function freshDatabase(): Promise<string> {
  return createDatabase(inject('postgresUrl'), { template: inject('postgresTemplate') });
}

/** The URL of a new database with nothing in it, for tests of the migrations themselves. */
export function emptyDatabase(): Promise<string> {
  return createDatabase(inject('postgresUrl'));
}
