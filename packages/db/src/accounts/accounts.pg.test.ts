import { randomBytes } from 'node:crypto';
import { engines } from '@manara/testkit/engines';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Database } from '../client.ts';
import { readEpoch, startNewEpoch } from '../epoch.ts';
import { inTransaction } from '../in-transaction.ts';
import { createPersonalSpace } from './create-personal-space.ts';
import { endSessions, listDevices, noteDevice, revokeDevice } from './devices.ts';
import { listSpaces } from './list-spaces.ts';
import { takeRateToken } from './take-rate-token.ts';

const PHONE = '9f3a1c7e5b2d4f60';
const LAPTOP = '0123456789abcdef';

describe.each(engines)('accounts on $name', (engine) => {
  let db: Database;
  beforeAll(async () => {
    db = await engine.open();
  });
  afterAll(() => db.close());

  const as: <T>(accountId: string, work: Parameters<typeof inTransaction<T>>[2]) => Promise<T> = (accountId, work) =>
    inTransaction(db, { role: 'app', accountId }, work);

  test('made many times at once, there is one personal space with its member and head', async () => {
    const ids = await Promise.all(Array.from({ length: 12 }, () => createPersonalSpace(db, 'ada')));
    expect(new Set(ids).size).toBe(1);
    expect(await as('ada', listSpaces)).toEqual([{ id: ids[0], kind: 'personal', role: 'owner' }]);
    expect(await as('ada', (tx) => tx`select seq, server_time_ms, horizon from sync_heads`)).toEqual([
      { seq: 0, server_time_ms: 0, horizon: 0 },
    ]);
    expect(await as('bob', listSpaces)).toEqual([]);
    await expect(createPersonalSpace(db, '')).rejects.toThrow('empty account id');
  });

  test('a device is listed, revoked with its sessions, and taken back with a new sign-in', async () => {
    const note = (client: string, sessionId: string) =>
      as('ada', (tx) => noteDevice(tx, { accountId: 'ada', client, sessionId, epoch: 'e' }));
    await note(PHONE, 's1');
    await note(PHONE, 's1');
    await note(PHONE, 's2');
    await note(LAPTOP, 's3');
    expect((await as('ada', listDevices)).map((device) => [device.client, device.revoked]).sort()).toEqual([
      [LAPTOP, false],
      [PHONE, false],
    ]);
    expect(await as('bob', (tx) => revokeDevice(tx, PHONE))).toBeNull();
    expect((await as('ada', (tx) => revokeDevice(tx, PHONE)))?.sort()).toEqual(['s1', 's2']);
    expect((await as('ada', listDevices)).find((device) => device.client === PHONE)?.revoked).toBe(true);
    await note(PHONE, 's4');
    expect((await as('ada', listDevices)).find((device) => device.client === PHONE)?.revoked).toBe(false);
  });

  test('sessions of another account are not ended', async () => {
    await db.sql`insert into auth."user" (id, name, email) values ('carol', 'Carol', 'carol@example.org')`;
    await db.sql`insert into auth.session (id, "userId", token, "expiresAt") values ('x', 'carol', 't', now())`;
    await endSessions(db, 'ada', ['x']);
    expect(await db.sql`select id from auth.session`).toHaveLength(1);
    await endSessions(db, 'carol', ['x']);
    expect(await db.sql`select id from auth.session`).toHaveLength(0);
  });

  test('a new epoch is another one', async () => {
    const before = await as('ada', readEpoch);
    expect(await startNewEpoch(db)).not.toBe(before);
    expect(await as('ada', readEpoch)).not.toBe(before);
  });

  describe('a token bucket', () => {
    const rule = { max: 5, windowMs: 60_000 };
    const passing = async (key: string, times: number) => {
      const waits: (number | null)[] = [];
      for (let taken = 0; taken < times; taken++) waits.push(await takeRateToken(db, key, rule));
      return waits.filter((wait) => wait === null).length;
    };
    const age = (key: string, seconds: number) => db.sql`
      update auth.rate_limits set refilled_at = refilled_at - ${seconds} * interval '1 second' where key = ${key}`;

    test('lets the rule pass at once, refuses the rest and says how long', async () => {
      expect(await passing('burst', 8)).toBe(5);
      const wait = await takeRateToken(db, 'burst', rule);
      expect(wait).toBeGreaterThan(5_000);
      expect(wait).toBeLessThanOrEqual(12_000);
      expect(await passing('another', 1)).toBe(1);
    });

    test('whoever stays at the rate is never refused', async () => {
      for (let minute = 0; minute < 4; minute++) {
        expect(await passing('steady', 5)).toBe(5);
        await age('steady', 60);
      }
    });

    test('a pause refills it to the rule and no further', async () => {
      await passing('pause', 5);
      await age('pause', 86_400);
      expect(await passing('pause', 8)).toBe(5);
    });

    test('of many at once exactly the rule passes', async () => {
      const waits = await Promise.all(Array.from({ length: 30 }, () => takeRateToken(db, 'at once', rule)));
      expect(waits.filter((wait) => wait === null)).toHaveLength(5);
    });

    test('a name of any length is counted', async () => {
      // Random, or the row would be compressed until it fits.
      const name = `long ${randomBytes(6000).toString('hex')}`;
      expect(await passing(name, 8)).toBe(5);
      expect(await db.sql`select 1 from auth.rate_limits where length(key) > 1000`).toEqual([]);
    });

    test('buckets that are long full are forgotten', async () => {
      await passing('old', 1);
      await age('old', 7200);
      await passing('new', 1);
      expect(await db.sql`select key from auth.rate_limits where key = 'old'`).toEqual([]);
    });
  });
});
