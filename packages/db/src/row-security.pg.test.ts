import { engines } from '@manara/testkit/engines';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createPersonalSpace } from './accounts/create-personal-space.ts';
import { assertRowSecurity } from './assert-row-security.ts';
import type { Database, Tx } from './client.ts';
import { inTransaction, type Scope } from './in-transaction.ts';

const IN_SPACE = ['sync_heads', 'records', 'changes', 'schedules', 'runs', 'prompts'];
const OF_ACCOUNT = ['sync_clients', 'client_sessions', 'space_members', 'spaces'];

describe.each(engines)('row-level security on $name', (engine) => {
  let db: Database;
  let spaceByAccount: Record<'ada' | 'bob', string>;

  beforeAll(async () => {
    db = await engine.open();
    spaceByAccount = { ada: await createPersonalSpace(db, 'ada'), bob: await createPersonalSpace(db, 'bob') };
    for (const account of ['ada', 'bob'] as const) {
      await inTransaction(db, { role: 'app', accountId: account }, (tx) => fill(tx, account, spaceByAccount[account]));
    }
  });

  afterAll(() => db.close());

  async function fill(tx: Tx, account: string, space: string): Promise<void> {
    const id = crypto.randomUUID();
    await tx`insert into records (space_id, table_name, id, seq) values (${space}, 'todos', ${id}, 1)`;
    await tx`insert into changes (space_id, seq, table_name, id, cells, actor, client)
      values (${space}, 1, 'todos', ${id}, '{}', '{}', 'c')`;
    await tx`insert into schedules (space_id, mission_id, trigger) values (${space}, ${id}, '{}')`;
    await tx`insert into runs (space_id, kind, mission_id, slot) values (${space}, 'request', ${id}, 'slot')`;
    await tx`insert into prompts (space_id, iteration_id, messages, prompt_version, prompt_hash)
      values (${space}, ${id}, '[]', '1', 'h')`;
    await tx`insert into sync_clients (account_id, client, epoch) values (${account}, '9f3a1c7e5b2d4f60', 'e')`;
    await tx`insert into client_sessions (account_id, client, session_id) values (${account}, '9f3a1c7e5b2d4f60', 's')`;
  }

  const count = async (scope: Scope, table: string) =>
    inTransaction(db, scope, async (tx) => {
      const [row] = await tx<{ n: number }[]>`select count(*)::int as n from ${tx(table)}`;
      return row?.n;
    });

  test('the boot check passes', async () => {
    await assertRowSecurity(db);
  });

  test.each([...IN_SPACE, ...OF_ACCOUNT])(
    '%s: with no WHERE at all an account sees its own rows alone',
    async (table) => {
      expect(await count({ role: 'app', accountId: 'ada' }, table)).toBe(1);
      expect(await count({ role: 'app', accountId: 'nobody' }, table)).toBe(0);
      expect(await count({ role: 'app', accountId: '' }, table)).toBe(0);
    },
  );

  test.each(IN_SPACE)('%s: acting for a space shows that space alone', async (table) => {
    expect(await count({ role: 'app', spaceId: spaceByAccount.bob }, table)).toBe(1);
    expect(await count({ role: 'app', spaceId: '' }, table)).toBe(0);
  });

  test('settings that were never set deny as settings that were reset do', async () => {
    const seen = await db.pool.reserve().then(async (connection) => {
      try {
        await connection`begin`;
        await connection`set local role manara_app`;
        const [fresh] = await connection<{ n: number }[]>`select count(*)::int as n from records`;
        await connection`select set_config('manara.account_id', 'ada', true)`;
        const [set] = await connection<{ n: number }[]>`select count(*)::int as n from records`;
        await connection`commit`;
        await connection`begin`;
        await connection`set local role manara_app`;
        const [after] = await connection<{ n: number }[]>`select count(*)::int as n from records`;
        await connection`rollback`;
        return [fresh?.n, set?.n, after?.n];
      } finally {
        connection.release();
      }
    });
    expect(seen).toEqual([0, 1, 0]);
  });

  test.each(['sync_heads', 'records', 'schedules', 'runs'])('%s: a foreign row cannot be changed', async (table) => {
    const changed = await inTransaction(db, { role: 'app', accountId: 'ada' }, async (tx) => {
      const rows =
        await tx`update ${tx(table)} set space_id = space_id where space_id = ${spaceByAccount.bob} returning 1`;
      return rows.length;
    });
    expect(changed).toBe(0);
  });

  test('a row cannot be written into, or moved into, a foreign space', async () => {
    const asAda = (work: (tx: Tx) => Promise<unknown>) => inTransaction(db, { role: 'app', accountId: 'ada' }, work);
    const { bob } = spaceByAccount;
    await expect(
      asAda((tx) => tx`insert into records (space_id, table_name, id, seq) values (${bob}, 't', gen_random_uuid(), 9)`),
    ).rejects.toThrow('row-level security');
    await expect(asAda((tx) => tx`update records set space_id = ${bob}`)).rejects.toThrow('row-level security');
  });

  test.each([
    ['the log is append-only', 'update changes set seq = 0'],
    ['the log cannot be emptied', 'delete from changes'],
    ['records are never deleted', 'delete from records'],
    ['nobody joins a space by himself', "insert into space_members values (gen_random_uuid(), 'ada', 'owner')"],
    ['the epoch is not for accounts', "update meta set epoch = 'x'"],
    ['password hashes are out of reach', 'select * from auth.account'],
  ])('%s', async (_name, statement) => {
    const attempt = inTransaction(db, { role: 'app', accountId: 'ada' }, (tx) => tx.unsafe(statement));
    await expect(attempt).rejects.toThrow('permission denied');
  });

  test('the runner sees schedules and runs of all spaces and nothing else', async () => {
    expect(await count({ role: 'runner' }, 'runs')).toBe(2);
    expect(await count({ role: 'runner' }, 'schedules')).toBe(2);
    for (const table of ['records', 'changes', 'prompts', 'spaces', 'space_members', 'sync_clients', 'sync_heads']) {
      await expect(count({ role: 'runner' }, table), table).rejects.toThrow('permission denied');
    }
  });

  test('interleaved transactions of two accounts never see each other', async () => {
    // The embedded engine has one session: what can leak between pooled ones is tried on real Postgres.
    const times = engine.name === 'postgres' ? 10_000 : 300;
    const rounds = Array.from({ length: times }, (_, index): 'ada' | 'bob' => (index % 2 === 0 ? 'ada' : 'bob'));
    const seen = await Promise.all(
      rounds.map((account) =>
        inTransaction(db, { role: 'app', accountId: account }, async (tx) => {
          const rows = await tx<{ space: string }[]>`select space_id as space from records`;
          return rows.every((row) => row.space === spaceByAccount[account]) && rows.length === 1;
        }),
      ),
    );
    expect(seen.every(Boolean)).toBe(true);
  });
});

type Damage = { what: string; damage: string; repair: string; message: string };

/** Roles belong to the whole cluster, where other tests run: damaged on the embedded engine only. */
const DAMAGED_ROLES: Damage[] = [
  {
    what: 'a superuser role',
    damage: 'alter role manara_app superuser',
    repair: 'alter role manara_app nosuperuser',
    message: 'is a superuser',
  },
  {
    what: 'BYPASSRLS',
    damage: 'alter role manara_runner bypassrls',
    repair: 'alter role manara_runner nobypassrls',
    message: 'has BYPASSRLS',
  },
];

const DAMAGED_TABLES: Damage[] = [
  {
    what: 'a table without FORCE',
    damage: 'alter table records no force row level security',
    repair: 'alter table records force row level security',
    message: 'not forced on: records',
  },
  {
    what: 'a table without policies',
    damage: 'create table extra (space_id uuid)',
    repair: 'drop table extra',
    message: 'not forced on: extra',
  },
  {
    what: 'a role that owns tables',
    damage: 'alter table prompts owner to manara_app',
    repair: 'alter table prompts owner to current_user',
    message: 'owns tables',
  },
  {
    what: 'a role that reads secrets',
    damage: 'grant usage on schema auth to manara_app',
    repair: 'revoke usage on schema auth from manara_app',
    message: 'may use the schema auth',
  },
];

describe.each(engines)('the boot check on $name refuses', (engine) => {
  let db: Database;
  beforeAll(async () => {
    db = await engine.open();
  });
  afterAll(() => db.close());

  const damages = engine.name === 'embedded' ? [...DAMAGED_ROLES, ...DAMAGED_TABLES] : DAMAGED_TABLES;
  test.each(damages)('$what', async ({ damage, repair, message }) => {
    await db.sql.unsafe(damage);
    await expect(assertRowSecurity(db)).rejects.toThrow(message);
    await db.sql.unsafe(repair);
    await assertRowSecurity(db);
  });
});
