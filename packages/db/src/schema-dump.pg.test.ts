import { fileURLToPath } from 'node:url';
import { dumpSchema } from '@manara/testkit/dump-schema';
import { engines } from '@manara/testkit/engines';
import { describe, expect, test } from 'vitest';

const DUMP = fileURLToPath(new URL('../../../migrations/schema.sql', import.meta.url));

describe.each(engines)('$name', (engine) => {
  // After a new migration: vitest run --project pg packages/db/src/schema-dump.pg.test.ts -u
  test('migrations/schema.sql is what the migrations make', async () => {
    const db = await engine.open();
    try {
      await expect(await dumpSchema(db.sql)).toMatchFileSnapshot(DUMP);
    } finally {
      await db.close();
    }
  });
});
