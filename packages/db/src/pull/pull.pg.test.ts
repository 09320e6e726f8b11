import { randomUUID } from 'node:crypto';
import { PULL_BYTES_MAX } from '@manara/protocol/limits';
import { cellDigest, EMPTY_DIGEST, xorDigest } from '@manara/sync-core/digest';
import { engines } from '@manara/testkit/engines';
import { RawClient } from '@manara/testkit/raw-client';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Database } from '../client.ts';
import { inTransaction } from '../in-transaction.ts';

describe.each(engines)('pull on $name', (engine) => {
  let db: Database;
  let ada: RawClient;
  let now: number;
  const at = (offset = 0) => ada.stamp(now + offset);

  beforeAll(async () => {
    db = await engine.open();
  });
  afterAll(() => db.close());
  beforeEach(async () => {
    now = Date.now();
    ada = await RawClient.create(db, `ada-${randomUUID()}`);
  });

  const fill = async (count: number) => {
    const ids = Array.from({ length: count }, () => randomUUID());
    await ada.pushed(ids.map((id, index) => ada.todo(id, `t${index}`, at())));
    return ids;
  };

  it('pages through a space, each record once, seq rising, and ends at the head', async () => {
    const ids = await fill(7);
    const seen: string[] = [];
    let cursor = 0;
    for (let more = true; more; ) {
      const page = await ada.page(cursor, 3);
      expect(page.head).toBe(7);
      const seqs = page.records.map((record) => record.seq);
      expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
      expect(page.cursor).toBe(page.more ? seqs.at(-1) : 7);
      seen.push(...page.records.map((record) => record.id));
      ({ cursor, more } = page);
    }
    expect(seen).toEqual(ids);
    expect(await ada.page(7)).toMatchObject({ cursor: 7, more: false, records: [] });
  });

  it('sends a changed record once, under its new number', async () => {
    const [a, b] = await fill(2);
    await ada.pushed([ada.todo(a ?? '', 'changed', at(1))]);
    const page = await ada.page();
    expect(page.records.map(({ id, seq }) => [id, seq])).toEqual([
      [b, 2],
      [a, 3],
    ]);
    expect((await ada.page(2)).records.map((record) => record.id)).toEqual([a]);
  });

  it('joining a space misses older rows: no, a new member gets them from cursor 0', async () => {
    const older = await fill(3);
    const bo = await RawClient.create(db, `bo-${randomUUID()}`);
    const cursors = new Map([[ada.space, 0]]);
    expect((await bo.pull({ cursors })).removed).toEqual([ada.space]);
    const boId = await db.sql`select account_id from space_members where space_id = ${bo.space}`;
    await db.sql`insert into space_members values (${ada.space}, ${boId[0]?.account_id}, 'editor')`;
    const { removed, spaces } = await bo.pull({ cursors });
    expect(removed).toEqual([]);
    expect(spaces.get(ada.space)?.records.map((json) => JSON.parse(json).id)).toEqual(older);
  });

  it('does not say more when a page ends exactly at the head', async () => {
    await fill(4);
    expect(await ada.page(0, 4)).toMatchObject({ more: false, cursor: 4 });
  });

  it('ends a page at 4 MiB, with at least one record', async () => {
    const note = (id: string) => ada.op('notes', id, { body: ['x'.repeat(500_000), at()] });
    const ids = Array.from({ length: 12 }, () => randomUUID());
    for (const pair of [0, 2, 4, 6, 8, 10]) await ada.pushed(ids.slice(pair, pair + 2).map(note));
    const { spaces } = await ada.pull();
    const page = spaces.get(ada.space);
    const bytes = (page?.records ?? []).reduce((sum, json) => sum + json.length + 1, 0);
    expect(bytes).toBeLessThanOrEqual(PULL_BYTES_MAX);
    expect(page).toMatchObject({ more: true, cursor: 8 });
    expect(page?.records).toHaveLength(8);
    expect((await ada.page(8)).records).toHaveLength(4);
  });

  it('a space that is not reached keeps its cursor and says more', async () => {
    await fill(3);
    const second = await RawClient.create(db, `second-${randomUUID()}`);
    await inTransaction(db, { role: 'accounts' }, async (tx) => {
      const [owner] = await tx<
        { id: string }[]
      >`select account_id as id from space_members where space_id = ${ada.space}`;
      await tx`insert into space_members (space_id, account_id, role) values (${second.space}, ${owner?.id ?? ''}, 'editor')`;
    });
    await second.pushed([
      second.todo(randomUUID(), 'x', second.stamp(now)),
      second.todo(randomUUID(), 'y', second.stamp(now)),
    ]);
    const cursors = new Map([
      [ada.space, 0],
      [second.space, 1],
    ]);
    const { spaces } = await ada.pull({ cursors, limit: 1 });
    const [first, last] = [...spaces.values()];
    const pages = [ada.space, second.space].map((space) => spaces.get(space));
    expect(first?.records).toHaveLength(1);
    expect(last).toMatchObject({ records: [], more: true, reset: false });
    expect(pages.map((page) => page?.records.length)).toContain(0);
    const all = await ada.pull({ cursors });
    expect([...all.spaces.values()].map((page) => page.more)).toEqual([false, false]);
  });

  it('tables narrows a bootstrap; unknown names are ignored', async () => {
    await ada.pushed([ada.todo(randomUUID(), 'x', at()), ada.op('notes', randomUUID(), { title: ['n', at()] })]);
    const { spaces } = await ada.pull({ tables: ['notes', 'nope', '\u0000'] });
    const page = spaces.get(ada.space);
    expect(page?.records).toHaveLength(1);
    expect(page).toMatchObject({ cursor: 2, more: false });
  });

  it('below the horizon starts again with reset; cursor 0 never does; recover never says reset', async () => {
    await fill(4);
    await inTransaction(db, { role: 'app', spaceId: ada.space }, (tx) => tx`update sync_heads set horizon = 3`);
    expect(await ada.page(2)).toMatchObject({ reset: true, horizon: 3, cursor: 4 });
    expect((await ada.page(2)).records).toHaveLength(4);
    expect(await ada.page(3)).toMatchObject({ reset: false });
    expect(await ada.page(0)).toMatchObject({ reset: false });
    const { spaces } = await ada.pull({ cursor: 2, recover: true });
    expect(spaces.get(ada.space)).toMatchObject({ reset: false });
    expect(spaces.get(ada.space)?.records).toHaveLength(4);
  });

  it('a cursor past the head is refused, unless it is of another epoch', async () => {
    await fill(2);
    await expect(ada.page(3)).rejects.toThrow('cursor_ahead');
    const { spaces } = await ada.pull({ cursor: 99, recover: true });
    expect(spaces.get(ada.space)?.records).toHaveLength(2);
  });

  it('get answers what exists, each once', async () => {
    const [a = ''] = await fill(2);
    const got = await ada.get('todos', [a, a, randomUUID()]);
    expect(got?.head).toBe(2);
    expect(got?.records.map((json) => JSON.parse(json).id)).toEqual([a]);
    for (const table of ['__proto__', '\u0000', 'x'.repeat(5000)]) {
      expect((await ada.get(table, [a]))?.records).toEqual([]);
    }
  });

  describe('digest', () => {
    it('is the XOR over all cells, in parts by table, id prefix and id', async () => {
      const [a = '', b = ''] = await fill(2);
      await ada.pushed([
        ada.op('todos', a, {}, { deleted: [true, at(1)] }),
        ada.op('feedback', b, { body: ['f', at()] }),
      ]);
      const accepted = String(
        (await ada.page()).records.find((record) => record.table === 'feedback')?.fields.accepted?.[1],
      );
      const ofA = [cellDigest('todos', a, 'title', at()), cellDigest('todos', a, '$deleted', at(1))].reduce(xorDigest);
      const ofB = cellDigest('todos', b, 'title', at());
      const feedback = xorDigest(
        cellDigest('feedback', b, 'body', at()),
        cellDigest('feedback', b, 'accepted', accepted),
      );
      const todos = xorDigest(ofA, ofB);
      expect(await ada.digest()).toEqual({ head: 4, digest: xorDigest(todos, feedback), parts: { todos, feedback } });
      const byPrefix = await ada.digest({ table: 'todos' });
      expect(byPrefix?.digest).toBe(todos);
      const expected =
        a.slice(0, 2) === b.slice(0, 2) ? { [a.slice(0, 2)]: todos } : { [a.slice(0, 2)]: ofA, [b.slice(0, 2)]: ofB };
      expect(byPrefix?.parts).toEqual(expected);
      expect(await ada.digest({ table: 'todos', prefix: a.slice(0, 3) })).toMatchObject({
        digest: ofA,
        parts: { [a]: ofA },
      });
    });

    it('of nothing is zero, and leaves out forgotten tombstones', async () => {
      expect(await ada.digest()).toEqual({ head: 0, digest: EMPTY_DIGEST, parts: {} });
      await ada.pushed([ada.op('todos', randomUUID(), {}, { fields: undefined, deleted: [true, at()] })]);
      expect((await ada.digest())?.digest).not.toBe(EMPTY_DIGEST);
      await inTransaction(db, { role: 'app', spaceId: ada.space }, (tx) => tx`update sync_heads set horizon = 1`);
      expect((await ada.digest())?.digest).toBe(EMPTY_DIGEST);
    });
  });
});
