import { type Database, openDatabase } from '@manara/db/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freshDatabase } from '../fresh-database.ts';
import regressions from './regressions.json' with { type: 'json' };
import { reportOf } from './replay.ts';
import { simulate } from './simulate.ts';
import { SqlSimServer } from './sql-sim-server.ts';

const SEEDS = 100;
const PART = 10;

describe("the same devices against the server's SQL on real Postgres", () => {
  let db: Database;
  beforeAll(async () => {
    db = await openDatabase({ kind: 'postgres', url: await freshDatabase(), poolMax: 2 });
  });
  afterAll(() => db.close());

  async function sound(seed: number): Promise<void> {
    const onPostgres = await simulate(seed, { server: await SqlSimServer.create(db) });
    expect(onPostgres.violations, reportOf(onPostgres, true)).toEqual([]);
    // the plan on memory and the SQL around it are two servers: the same ops must make the same records and numbers
    const inMemory = await simulate(seed);
    expect(onPostgres.stateHash, `seed ${seed}: memory and Postgres disagree`).toBe(inMemory.stateHash);
  }

  it('hold what failed before', { timeout: 120_000 }, async () => {
    for (const seed of regressions) await sound(seed);
  });

  for (let first = 1; first <= SEEDS; first += PART) {
    it(`converge and lose nothing: seeds ${first} to ${first + PART - 1}`, { timeout: 120_000 }, async () => {
      for (let seed = first; seed < first + PART; seed++) await sound(seed);
    });
  }
});
