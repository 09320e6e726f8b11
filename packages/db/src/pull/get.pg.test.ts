import { randomUUID } from 'node:crypto';
import { PULL_BYTES_MAX } from '@manara/protocol/limits';
import { engines } from '@manara/testkit/engines';
import { RawClient } from '@manara/testkit/raw-client';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Database } from '../client.ts';
import { inTransaction } from '../in-transaction.ts';
import { getPage } from './get.ts';

describe.each(engines)('get on $name', (engine) => {
  let db: Database;
  let ada: RawClient;
  let accountId: string;

  beforeAll(async () => {
    db = await engine.open();
  });
  afterAll(() => db.close());
  beforeEach(async () => {
    accountId = `ada-${randomUUID()}`;
    ada = await RawClient.create(db, accountId);
  });

  const idsOf = (records: readonly string[] = []) => records.map((json) => (JSON.parse(json) as { id: string }).id);

  it('answers 500 small records at once, in the order of their numbers', async () => {
    const ids = Array.from({ length: 500 }, () => randomUUID());
    await ada.pushed(ids.map((id, index) => ada.todo(id, `t${index}`, ada.stamp(Date.now()))));
    const got = await ada.get('todos', ids.toReversed());
    expect(got).toMatchObject({ head: 500, later: [] });
    expect(idsOf(got?.records)).toEqual(ids);
  });

  it('makes pages of what is more than 4 MiB', async () => {
    const ids = Array.from({ length: 20 }, () => randomUUID());
    for (let first = 0; first < ids.length; first += 2) {
      const text = 'é'.repeat(220_000);
      const note = (id: string) => ada.op('notes', id, { body: [text, ada.stamp(Date.now())] });
      await ada.pushed(ids.slice(first, first + 2).map(note));
    }
    const got = await ada.get('notes', [randomUUID(), ...ids.toReversed(), ...ids]);
    const pages = [got?.records ?? []];
    for (const page of got?.later ?? []) {
      pages.push(
        await inTransaction(db, { role: 'app', accountId }, (tx) =>
          getPage(tx, { spaceId: ada.space, table: 'notes', ids: page }),
        ),
      );
    }
    expect(pages.map((records) => records.length)).toEqual([9, 9, 2]);
    for (const records of pages) expect(Buffer.byteLength(records.join())).toBeLessThan(PULL_BYTES_MAX + 9 * 200);
    expect(idsOf(pages.flat())).toEqual(ids);
  });

  it('a record larger than a page is a page', async () => {
    const ids = Array.from({ length: 9 }, () => randomUUID());
    await ada.pushed(ids.map((id) => ada.todo(id, 'small', ada.stamp(Date.now()))));
    await inTransaction(db, { role: 'owner' }, async (tx) => {
      const title = JSON.stringify({ title: ['x'.repeat(PULL_BYTES_MAX), ada.stamp(0)] });
      await tx`set local row_security = off`;
      await tx`update records set fields = ${title}::text::jsonb where id = ${ids[4] ?? ''}`;
    });
    const got = await ada.get('todos', ids);
    expect(idsOf(got?.records)).toEqual(ids.slice(0, 4));
    expect(got?.later).toEqual([[ids[4]], ids.slice(5)]);
  });

  it('of nothing is nothing', async () => {
    const nothing = { head: 0, records: [], later: [] };
    expect(await ada.get('todos', [])).toEqual(nothing);
    expect(await ada.get('todos', [randomUUID()])).toEqual(nothing);
    const absent = Array.from({ length: 500 }, () => randomUUID());
    expect(await ada.get('todos', absent)).toEqual(nothing);
  });
});
