import { put, remove, restore } from '@manara/sync-core/write';
import { ada, claims, type FakeDevice, facts, fakeDevice, id, tasks } from '@manara/testkit/fake-device';
import { beforeEach, describe, expect, it } from 'vitest';
import type { LocalDb } from './open-local-db.ts';

let device: FakeDevice;
let db: LocalDb;
beforeEach(async () => {
  device = fakeDevice();
  db = await device.open();
});
const outbox = () => db.database.outbox.orderBy('n').toArray();

describe('the write door', () => {
  it('stores the record, its clocks and the outbox entry in one transaction', async () => {
    expect(await db.write(ada, [put(tasks, id(1), { title: 'Buy milk' })])).toEqual({ ok: true, value: undefined });
    expect(await db.reader.get(tasks, id(1))).toMatchObject({
      title: 'Buy milk',
      done: false,
      due: null,
      deleted: false,
    });
    const cells = await db.cells('tasks', id(1));
    expect(Object.keys(cells ?? {})).toEqual(['title']);
    expect(cells?.title).toMatchObject({ actor: ada, stamp: expect.stringMatching(/-aaaaaaaaaaaaaaaa$/) });
    const [entry] = await outbox();
    expect(entry?.ops).toEqual([
      {
        space: db.space,
        table: 'tasks',
        id: id(1),
        fields: { title: ['Buy milk', cells?.title?.stamp] },
        actor: ada,
      },
    ]);
  });

  it("outbox entry written outside the user's transaction: a fault between the two leaves neither", async () => {
    const clock = (await db.database.replica()).clock;
    const kill = () => {
      throw new Error('the tab was killed here');
    };
    db.database.outbox.hook('creating', kill);
    await expect(db.write(ada, [put(tasks, id(1), { title: 'Buy milk' })])).rejects.toThrow('killed');
    db.database.outbox.hook('creating').unsubscribe(kill);
    expect(await db.reader.get(tasks, id(1))).toBeUndefined();
    expect(await outbox()).toEqual([]);
    expect((await db.database.replica()).clock).toEqual(clock);
  });

  it('inserts without field clocks: every written field has a stamp and its author', async () => {
    await db.write(ada, [put(tasks, id(1), { title: 'a', done: false, due: null })]);
    const cells = await db.cells('tasks', id(1));
    expect(Object.keys(cells ?? {}).sort()).toEqual(['done', 'due', 'title']);
    for (const cell of Object.values(cells ?? {})) expect(cell.actor).toEqual(ada);
  });

  it('is one group, all or nothing, with a later stamp for each effect than for its cause', async () => {
    const bot = { kind: 'ai', id: 'm', name: 'Plan my day' } as const;
    await db.write(ada, [put(facts, id('f'), { text: 'yes' }), { ...put(tasks, id(1), { title: 'a' }), actor: bot }]);
    const [entry, ...rest] = await outbox();
    expect(rest).toEqual([]);
    const [cause, effect] = entry?.ops ?? [];
    expect(cause?.group).toBe(effect?.group);
    expect([cause?.actor.kind, effect?.actor.kind]).toEqual(['user', 'ai']);
    expect((effect?.fields?.title?.[1] ?? '') > (cause?.fields?.text?.[1] ?? 'x')).toBe(true);
    const refused = await db.write(ada, [put(tasks, id(1), { title: 'b' }), put(tasks, 'no uuid', { title: 'c' })]);
    expect(refused).toMatchObject({ ok: false, error: { code: 'bad_id' } });
    expect((await db.reader.get(tasks, id(1)))?.title).toBe('a');
  });

  it('names the stamp that a write replaces and coalesces unsent writes of one field', async () => {
    await db.write(ada, [put(tasks, id(1), { title: 'a' })]);
    await db.write(ada, [put(tasks, id(1), { title: 'b' })]);
    await db.write(ada, [put(tasks, id(1), { title: 'c', done: true })]);
    const entries = await outbox();
    expect(entries).toHaveLength(1);
    expect(entries[0]?.ops[0]?.fields?.title).toEqual(['c', (await db.cells('tasks', id(1)))?.title?.stamp]);
    expect(entries[0]?.ops[0]?.fields?.done?.[0]).toBe(true);
    await db.database.outbox.clear();
    const before = (await db.cells('tasks', id(1)))?.title?.stamp;
    await db.write(ada, [put(tasks, id(1), { title: 'd' })]);
    await db.write(ada, [put(tasks, id(1), { title: 'e' })]);
    expect((await outbox())[0]?.ops[0]?.fields?.title?.[2]).toBe(before);
  });

  it('writes nothing where nothing changes', async () => {
    await db.write(ada, [put(tasks, id(1), { title: 'a', tags: { b: 1, a: 2 } })]);
    await db.database.outbox.clear();
    const { clock } = await db.database.replica();
    await db.write(ada, [put(tasks, id(1), { title: 'a', tags: { a: 2, b: 1 } })]);
    expect(await outbox()).toEqual([]);
    expect((await db.database.replica()).clock).toEqual(clock);
  });

  it('hides a deleted record, keeps its fields, and brings it back', async () => {
    await db.write(ada, [put(tasks, id(1), { title: 'a' })]);
    await db.write(ada, [remove(tasks, id(1))]);
    expect(await db.reader.list(tasks)).toEqual([]);
    await db.write(ada, [put(tasks, id(1), { title: 'b' })]);
    expect(await db.reader.get(tasks, id(1))).toMatchObject({ title: 'b', deleted: true });
    await db.write(ada, [restore(tasks, id(1))]);
    expect(await db.reader.list(tasks)).toMatchObject([{ title: 'b' }]);
  });

  it("honours undo's stamps, and lets a newer value stand", async () => {
    await db.write(ada, [put(tasks, id(1), { title: 'done by an execution' })]);
    const stamp = (await db.cells('tasks', id(1)))?.title?.stamp ?? '';
    const next = `${stamp.slice(0, 13)}${(Number.parseInt(stamp.slice(13, 17), 16) + 1).toString(16).padStart(4, '0')}${stamp.slice(17)}`;
    await db.write(ada, [{ ...put(tasks, id(1), { title: 'before' }), stamps: { title: next } }]);
    expect((await db.cells('tasks', id(1)))?.title).toMatchObject({ value: 'before', stamp: next });
    await db.write(ada, [{ ...put(tasks, id(1), { title: 'too old' }), stamps: { title: stamp } }]);
    expect((await db.reader.get(tasks, id(1)))?.title).toBe('before');
    await db.write(ada, [put(tasks, id(1), { title: 'after' })]);
    expect(((await db.cells('tasks', id(1)))?.title?.stamp ?? '') > next).toBe(true);
  });

  describe('a text that came in while its field was edited', () => {
    const body = async (text: string, basis: string) =>
      db.write(ada, [{ ...put(tasks, id(1), { body: text }), basis: { body: basis } }]);
    beforeEach(async () => {
      await db.write(ada, [put(tasks, id(1), { body: 'theirs' })]);
    });

    it('is kept with a notice, in the transaction that replaces it', async () => {
      await body('mine', 'base');
      expect((await db.reader.get(tasks, id(1)))?.body).toBe('mine');
      expect(await db.notices()).toMatchObject([{ recordId: id(1), field: 'body', text: 'theirs', stands: 'mine' }]);
    });

    it('is no conflict when it was seen, is empty, or is what was written', async () => {
      await body('mine', 'theirs');
      await body('mine', 'base');
      await body('', 'mine');
      await body('more', 'base');
      expect(await db.notices()).toEqual([]);
    });

    it('is no conflict when no person wrote it', async () => {
      const bot = { kind: 'ai', id: 'm', name: 'Plan my day' } as const;
      await db.write(bot, [put(tasks, id(1), { body: 'a suggestion that was approved' })]);
      await body('mine', 'base');
      expect(await db.notices()).toEqual([]);
    });

    it('takes the place of the earlier text of the same device, which that device has replaced itself', async () => {
      await body('mine', 'base');
      await db.write(ada, [put(tasks, id(1), { body: 'theirs, longer' })]);
      await body('mine, longer', 'mine');
      expect((await db.notices()).map(({ text }) => text)).toEqual(['theirs, longer']);
    });
  });

  it('a guest has no outbox', async () => {
    const guest = await device.open({ name: 'guest', kind: 'guest' });
    await guest.write(ada, [put(tasks, id(1), { title: 'a' })]);
    expect(await guest.waiting()).toBe(0);
    expect(await guest.reader.get(tasks, id(1))).toMatchObject({ title: 'a' });
  });

  it('goes on where it stopped: the clock is stored with the write', async () => {
    await db.write(ada, [put(tasks, id(1), { title: 'a' })]);
    const first = (await db.cells('tasks', id(1)))?.title?.stamp ?? '';
    db.close();
    device.now -= 3_600_000;
    const again = await device.open({ clientId: 'cccccccccccccccc' });
    expect(again.clientId).toBe('aaaaaaaaaaaaaaaa');
    await again.write(ada, [put(tasks, id(1), { title: 'b' })]);
    expect(((await again.cells('tasks', id(1)))?.title?.stamp ?? '') > first).toBe(true);
  });

  const system = { kind: 'system', id: 'mission-runner', name: 'x' } as const;
  it.each([
    ['unknown_table', { table: 'nope', id: id(1), set: {} }],
    ['bad_id', { table: 'tasks', id: 'A', set: { title: 'x' } }],
    ['unknown_field', { table: 'tasks', id: id(1), set: { constructor: 'x' } }],
    ['forbidden_field', { table: 'facts', id: id(1), set: { accepted: 'x' } }],
    ['bad_actor', { table: 'tasks', id: id(1), set: { title: 'x' }, actor: system }],
    ['bad_actor', { table: 'facts', id: id(1), set: { text: 'x' }, actor: { ...ada, kind: 'ai' as const } }],
    ['bad_actor', { table: 'tasks', id: id(1), set: { title: 'x' }, actor: { ...ada, reason: 'x'.repeat(20_000) } }],
    ['bad_stamp', { table: 'tasks', id: id(1), set: { title: 'x' }, stamps: { title: 'x' } }],
    ['field_too_large', { table: 'tasks', id: id(1), set: { title: 'é'.repeat(40_000) } }],
    ['invalid_string', { table: 'tasks', id: id(1), set: { title: 'a\0b' } }],
    ['invalid_string', { table: 'tasks', id: id(1), set: { title: '\ud800' } }],
    ['unsafe_number', { table: 'tasks', id: id(1), set: { tags: 2 ** 60 } }],
    ['too_deep', { table: 'tasks', id: id(1), set: { tags: JSON.parse('['.repeat(30) + ']'.repeat(30)) } }],
    ['invalid_value', { table: 'tasks', id: id(1), set: { done: 'yes' } }],
    ['invalid_value', { table: 'tasks', id: id(1), set: { tags: { $ref: 1 } } }],
    ['immutable', { table: 'facts', id: id(1), deleted: true }],
  ])('refuses %s', async (code, write) => {
    expect(await db.write(ada, [put(tasks, id(2), { title: 'fine' }), write])).toMatchObject({
      ok: false,
      error: { code },
    });
    expect(await db.waiting()).toBe(0);
    expect(await db.reader.count(tasks)).toBe(0);
  });

  it('refuses to change what is written once', async () => {
    await db.write(ada, [put(facts, id(1), { text: 'a' }), put(claims, id(1), { owner: 'me' })]);
    expect(await db.write(ada, [put(facts, id(1), { text: 'b' })])).toMatchObject({ error: { code: 'immutable' } });
    expect(await db.write(ada, [put(claims, id(1), { owner: 'you' })])).toMatchObject({ error: { code: 'taken' } });
    expect(
      await db.write(ada, [put(facts, id(1), { text: 'a' }), put(claims, id(1), { owner: 'me', note: 'x' })]),
    ).toMatchObject({ ok: true });
  });

  it('refuses a transaction that no group can hold, in count and in bytes', async () => {
    const many = Array.from({ length: 501 }, (_, n) => put(tasks, id(n), { title: 'x' }));
    expect(await db.write(ada, many)).toMatchObject({ ok: false, error: { code: 'too_large' } });
    const large = Array.from({ length: 3 }, (_, n) => put(tasks, id(n), { body: 'x'.repeat(400_000) }));
    expect(await db.write(ada, large)).toMatchObject({ ok: false, error: { code: 'too_large' } });
    expect(await db.reader.count(tasks)).toBe(0);
    expect(await db.write(ada, many.slice(0, 500))).toMatchObject({ ok: true });
  });

  it('quota exceeded: the write is refused and says so, nothing is written', async () => {
    const full = () => {
      throw new DOMException('full', 'QuotaExceededError');
    };
    db.database.rows('tasks').hook('creating', full);
    expect(await db.write(ada, [put(tasks, id(1), { title: 'a' })])).toMatchObject({
      ok: false,
      error: { code: 'quota' },
    });
    db.database.rows('tasks').hook('creating').unsubscribe(full);
    expect(await db.waiting()).toBe(0);
  });

  it('two tabs share one clock: stamps never repeat', async () => {
    const tab = await device.open();
    await Promise.all(
      Array.from({ length: 10 }, (_, n) => (n % 2 ? db : tab).write(ada, [put(tasks, id(n), { title: String(n) })])),
    );
    const stamps = await Promise.all(
      Array.from({ length: 10 }, async (_, n) => (await db.cells('tasks', id(n)))?.title?.stamp),
    );
    expect(new Set(stamps).size).toBe(10);
    expect(await db.waiting()).toBe(10);
  });
});
