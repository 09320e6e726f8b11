import { engines } from '@manara/testkit/engines';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Database, Tx } from './client.ts';
import { inTransaction, type Scope } from './in-transaction.ts';

const ADA: Scope = { role: 'app', accountId: 'ada' };

describe.each(engines)('inTransaction on $name', (engine) => {
  let db: Database;
  beforeAll(async () => {
    db = await engine.open();
  });
  afterAll(() => db.close());

  test('works as the role of its scope, and only until its end', async () => {
    const role = await inTransaction(db, ADA, (tx) => tx`select current_user::text as role`);
    expect(role[0]?.role).toBe('manara_app');
    const roles = await Promise.all(Array.from({ length: 20 }, () => db.sql`select current_user::text as role`));
    expect(new Set(roles.map((rows) => rows[0]?.role)).has('manara_app')).toBe(false);
  });

  test('rolls back what a throwing transaction wrote', async () => {
    const failing = inTransaction(db, { role: 'accounts' }, async (tx) => {
      await tx`insert into spaces (kind, personal_of) values ('personal', 'ghost')`;
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    const left = await inTransaction(db, { role: 'accounts' }, (tx) => tx`select id from spaces`);
    expect(left).toHaveLength(0);
  });

  test('nesting and queries on the pool throw at once instead of hanging', async () => {
    await inTransaction(db, ADA, async (tx) => {
      await expect(inTransaction(db, ADA, () => Promise.resolve())).rejects.toThrow(
        'inTransaction inside a transaction',
      );
      expect(() => db.sql`select 1`).toThrow('inside a transaction');
      expect(() => db.sql.unsafe('select 1')).toThrow('inside a transaction');
      expect(() => db.sql.begin(() => [])).toThrow('inside a transaction');
      expect(() => db.sql.reserve()).toThrow('inside a transaction');
      expect(await tx`select 1 as one`).toEqual([{ one: 1 }]);
    });
  });

  test('work that a transaction started and did not wait for may use the pool afterwards', async () => {
    let late: Promise<unknown> | undefined;
    await inTransaction(db, ADA, async () => {
      late = new Promise((resolve) => setTimeout(resolve, 30)).then(() => db.sql`select 1 as one`);
    });
    expect(await late).toEqual([{ one: 1 }]);
  });

  test('the handle of a transaction that has ended is refused', async () => {
    let kept: Tx | undefined;
    await inTransaction(db, ADA, async (tx) => {
      kept = tx;
    });
    expect(() => (kept as Tx)`select 1`).toThrow('has ended');
    expect(() => kept?.unsafe('select 1')).toThrow('has ended');
  });

  test('int8 arrives as a number, and one that a number cannot hold is an error', async () => {
    expect(await db.sql`select 9007199254740991::int8 as n, array[1, 2]::int8[] as list`).toEqual([
      { n: 9007199254740991, list: [1, 2] },
    ]);
    await expect(db.sql`select 9007199254740993::int8 as n`).rejects.toThrow('safe range');
  });
});
