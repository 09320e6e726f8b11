import { defineTable, field } from '@manara/sync-core/define-table';
import type { Cells } from '@manara/sync-core/record';
import { formatStamp } from '@manara/sync-core/stamp';
import { put, remove } from '@manara/sync-core/write';
import { ada, claims, facts, fakeDevice, id, SPACE, tasks, testTables } from '@manara/testkit/fake-device';
import { FakeSyncServer, refuse } from '@manara/testkit/fake-sync-server';
import { type SyncedDevice, syncedDevice } from '@manara/testkit/synced-device';
import { beforeEach, describe, expect, it } from 'vitest';
import { eachRecord } from './records.ts';

const [A, B] = ['aaaaaaaaaaaaaaaa', 'bbbbbbbbbbbbbbbb'];
let server: FakeSyncServer;
let a: SyncedDevice;
let b: SyncedDevice;
beforeEach(async () => {
  server = new FakeSyncServer({ space: SPACE, userId: 'ada', tables: testTables });
  a = await syncedDevice(server, { clientId: A });
  b = await syncedDevice(server, { clientId: B });
});

const write = async (on: SyncedDevice, ...writes: Parameters<SyncedDevice['db']['write']>[1]) => {
  on.device.now += 1;
  expect(await on.db.write(ada, writes)).toEqual({ ok: true, value: undefined });
};
const settled = async (...devices: SyncedDevice[]) => {
  for (const device of [...devices, ...devices]) expect(await device.sync()).toEqual({ ok: true, value: undefined });
};
const plain = (cells: Cells | undefined) =>
  Object.fromEntries(Object.entries(cells ?? {}).map(([name, cell]) => [name, [cell.value, cell.stamp]]));
/** Same records, cells and stamps on every device and the server. */
const agree = async (...devices: SyncedDevice[]) => {
  const want = Object.fromEntries([...server.state()].map(([key, cells]) => [key, plain(cells)]));
  for (const { db, store } of devices) {
    const have = (await eachRecord(db.database)).map((record) => [`${record.table}|${record.id}`, plain(record.cells)]);
    expect(Object.fromEntries(have)).toEqual(want);
    expect(await store.counts()).toMatchObject({ waiting: 0 });
  }
};

describe('push and pull', () => {
  it('two devices that were apart agree', async () => {
    await write(a, put(tasks, id(1), { title: 'a1' }));
    await write(b, put(tasks, id(2), { title: 'b1' }));
    await settled(a, b);
    await write(a, put(tasks, id(2), { title: 'a2' }), remove(tasks, id(1)));
    await write(b, put(tasks, id(2), { done: true }));
    await settled(b, a);
    await agree(a, b);
    expect(await b.db.reader.list(tasks)).toMatchObject([{ title: 'a2', done: true }]);
  });

  it('lost response after commit: the same batch again, nothing twice', async () => {
    await write(a, put(tasks, id(1), { title: 'once' }));
    server.loss = (path) => (path.endsWith('push') ? 'after' : 'none');
    expect(await a.sync()).toMatchObject({ ok: false, error: { kind: 'offline' } });
    const frozen = await a.store.nextBatch();
    await write(a, put(tasks, id(1), { title: 'twice' }));
    expect(await a.store.nextBatch()).toEqual(frozen);
    server.loss = () => 'none';
    await settled(a, b);
    await agree(a, b);
    expect(server.value('tasks', id(1), 'title')).toBe('twice');
    expect((await a.db.database.replica()).acked).toBe(2);
  });

  it('own writes filtered out after an IndexedDB reset: they all come back', async () => {
    await write(a, put(tasks, id(1), { title: 'mine' }));
    await settled(a);
    await a.db.delete();
    const fresh = await syncedDevice(server, { clientId: A });
    await settled(fresh);
    await agree(fresh);
  });

  it('a page stops and goes on between any two chunks', async () => {
    for (let n = 0; n < 3; n++) {
      await a.db.write(
        ada,
        Array.from({ length: 300 }, (_, m) => put(tasks, id(`${n} ${m}`), { title: `${m}` })),
      );
    }
    await settled(a);
    const fresh = await syncedDevice(server, { clientId: 'cccccccccccccccc' });
    let chunks = 0;
    const kill = () => {
      if (++chunks > 4) throw new Error('the tab was killed here');
    };
    fresh.db.database.state.hook('updating', kill);
    await expect(fresh.sync()).rejects.toThrow('killed');
    fresh.db.database.state.hook('updating').unsubscribe(kill);
    const at = (await fresh.store.replica()).cursor;
    expect(at).toBeGreaterThan(0);
    expect(at % 250).toBe(0);
    await settled(fresh);
    await agree(fresh);
  });

  it('its own echo changes no row, so no query runs again for it', async () => {
    await write(a, put(tasks, id(1), { title: 'x', tags: { a: [1] } }));
    await settled(a);
    const row = await a.db.database.rows('tasks').get(id(1));
    expect(row?.$seq).toBe(0);
  });

  it('what is written here is later than what was read here', async () => {
    b.device.now += 50_000;
    server.nowMs += 50_000;
    await write(b, put(tasks, id(1), { title: 'from the future' }));
    await settled(b, a);
    await write(a, put(tasks, id(1), { title: 'after it' }));
    await settled(a, b);
    expect(server.value('tasks', id(1), 'title')).toBe('after it');
    await agree(a, b);
  });
});

describe('refusals', () => {
  it("quarantines a refused op with its reason, takes the server's value, and the rest flows on", async () => {
    await write(a, put(tasks, id(1), { title: 'server' }));
    await settled(a, b);
    await b.db.write({ ...ada, id: 'someone else' }, [
      put(tasks, id(1), { title: 'refused' }),
      put(tasks, id(3), { title: 'innocent' }),
    ]);
    await write(b, put(tasks, id(2), { title: 'fine' }));
    await settled(b, a);
    expect((await b.db.refused()).map((group) => group.verdicts.map((verdict) => verdict.code))).toEqual([
      ['bad_actor', 'bad_actor'],
    ]);
    expect(await b.db.reader.get(tasks, id(1))).toMatchObject({ title: 'server' });
    expect(await b.db.reader.get(tasks, id(3))).toBeUndefined();
    await agree(a, b);
    const [group] = await b.db.refused();
    expect(await b.db.retryRefused(group?.n ?? 0, ada)).toMatchObject({ ok: true });
    await settled(b, a);
    expect(server.value('tasks', id(1), 'title')).toBe('refused');
    expect(await b.db.refused()).toEqual([]);
    await agree(a, b);
  });

  it.each([
    ['a row that changed', put(tasks, id(1), { title: 'refused' })],
    ['a row that is written once', put(facts, id('f'), { text: 'refused' })],
  ])('a refused change that is sent again before its repair is not lost: %s', async (_, change) => {
    await write(a, put(tasks, id(1), { title: 'server' }));
    await settled(a, b);
    await b.db.write({ ...ada, id: 'someone else' }, [change]);
    server.intercept = ({ path }) => (path === '/v1/sync/get' ? { ok: false, kind: 'network' } : undefined);
    expect(await b.sync()).toMatchObject({ ok: false });
    const [group] = await b.db.refused();
    expect(await b.db.retryRefused(group?.n ?? 0, ada)).toMatchObject({ ok: true });
    expect(await b.db.waiting()).toBe(1);
    server.intercept = () => undefined;
    await settled(b, a);
    const [field, value] = Object.entries(change.set ?? {})[0] ?? [];
    expect(server.value(change.table, change.id, field ?? '')).toBe(value);
    expect(await b.db.refused()).toEqual([]);
    await agree(a, b);
  });

  it("what a restored server refused to take back can be sent again as the person's own", async () => {
    await write(a, put(facts, id('f'), { text: 'a decision' }));
    await settled(a);
    const [fact] = (await eachRecord(a.db.database)).filter(({ table }) => table === 'facts');
    const cells = Object.entries(fact?.cells ?? {}).map(([name, { value, stamp }]) => [name, [value, stamp]]);
    expect(cells.map(([name]) => name)).toContain('accepted');
    const op = { space: SPACE, table: 'facts', id: id('g'), fields: Object.fromEntries(cells), actor: ada };
    await a.db.database.refused.put({
      n: 99,
      at: 1,
      ops: [op],
      verdicts: [{ code: 'forbidden_field', message: '' }],
    });
    expect(await a.db.retryRefused(99, ada)).toMatchObject({ ok: true });
    await settled(a);
    expect(server.value('facts', id('g'), 'text')).toBe('a decision');
  });

  it("two devices that did the same offline: the second drops its own group and adopts the server's", async () => {
    const claim = (by: string) => [
      put(claims, id('x'), { owner: by }),
      put(tasks, id('effect'), { title: `by ${by}` }),
    ];
    await write(a, ...claim('a'));
    await write(b, ...claim('b'));
    await settled(a, b);
    expect(await b.db.refused()).toEqual([]);
    expect(await b.db.reader.get(claims, id('x'))).toMatchObject({ owner: 'a' });
    expect(await b.db.reader.get(tasks, id('effect'))).toMatchObject({ title: 'by a' });
    await agree(a, b);
  });

  it('a refused cell that was written again since keeps the later value', async () => {
    await b.db.write({ ...ada, id: 'someone else' }, [put(tasks, id(1), { title: 'refused' })]);
    await b.store.learnEpoch(server.epoch);
    await b.store.nextBatch();
    await write(b, put(tasks, id(1), { title: 'later' }));
    await settled(b);
    expect(await b.db.reader.get(tasks, id(1))).toMatchObject({ title: 'later' });
    await agree(b);
  });

  it('a tab killed between the reply and the repair repairs on its next start', async () => {
    await b.db.write({ ...ada, id: 'someone else' }, [put(tasks, id(1), { title: 'refused' })]);
    server.loss = (path) => (path.endsWith('get') ? 'before' : 'none');
    expect(await b.sync()).toMatchObject({ ok: false });
    expect(await b.db.reader.get(tasks, id(1))).toMatchObject({ title: 'refused' });
    server.loss = () => 'none';
    await settled(b);
    expect(await b.db.reader.get(tasks, id(1))).toBeUndefined();
  });

  it('a batch refused as a whole is taken apart until the one group is found', async () => {
    for (let n = 0; n < 9; n++) await write(a, put(tasks, id(n), { title: n === 6 ? 'poison' : 'fine' }));
    server.intercept = ({ path, body }) =>
      path.endsWith('push') && JSON.stringify(body).includes('poison') ? refuse(422, 'too_deep') : undefined;
    await settled(a);
    expect((await a.db.refused()).map((group) => group.verdicts[0]?.code)).toEqual(['too_deep']);
    expect(server.state().size).toBe(8);
    await agree(a);
  });

  it('newer client schema refused and its queue blocked: only the op that the server does not know is refused', async () => {
    const newer = defineTable({
      ...tasks,
      fields: { ...tasks.fields, mood: field(tasks.fields.title.schema, '') },
      insertOnly: false,
    } as never);
    const device = await syncedDevice(server, {
      clientId: 'dddddddddddddddd',
      tables: [newer as typeof tasks, facts, claims],
    });
    await device.db.write(ada, [{ table: 'tasks', id: id(1), set: { mood: 'good' } }]);
    await write(device, put(tasks, id(2), { title: 'fine' }));
    await settled(device);
    expect((await device.db.refused())[0]?.verdicts[0]?.code).toBe('unknown_field');
    expect(server.value('tasks', id(2), 'title')).toBe('fine');
    await agree(device);
  });
});

describe('clocks', () => {
  it('a device a year ahead is rewritten, agrees, and goes on in server time', async () => {
    a.device.now += 365 * 86_400_000;
    await write(a, put(tasks, id(1), { title: 'ahead' }), put(tasks, id(2), { title: 'too' }));
    await settled(a, b);
    expect(a.skewMs).toBeGreaterThan(364 * 86_400_000);
    await agree(a, b);
    const stamp = server.state().get(`tasks|${id(1)}`)?.title?.stamp ?? '';
    expect(Number.parseInt(stamp.slice(0, 12), 16)).toBeLessThan(server.nowMs + 60_000);
    await write(b, put(tasks, id(1), { title: 'b later' }));
    await settled(b, a);
    expect(await a.db.reader.get(tasks, id(1))).toMatchObject({ title: 'b later' });
    // its clock set right, it is not ahead any more
    a.device.now = b.device.now + 10;
    await write(a, put(tasks, id(1), { title: 'a again' }));
    expect((await a.db.cells('tasks', id(1)))?.title?.stamp.slice(0, 12)).toBe(
      a.device.now.toString(16).padStart(12, '0'),
    );
    await settled(a, b);
    await agree(a, b);
    expect(server.value('tasks', id(1), 'title')).toBe('a again');
  });

  it('what waits while its predecessor is rewritten names the rewritten stamp, so no conflict is seen', async () => {
    a.device.now += 10 * 60_000;
    await write(a, put(tasks, id(1), { title: 'one' }));
    await a.store.learnEpoch(server.epoch);
    const first = await a.store.nextBatch();
    await write(a, put(tasks, id(1), { title: 'two' }));
    await settled(a);
    const [entry] = first?.batch.ops ?? [];
    expect(entry?.fields?.title?.[0]).toBe('one');
    expect(server.value('tasks', id(1), 'title')).toBe('two');
    expect(await a.db.notices()).toEqual([]);
    await agree(a);
  });
});

describe('conflicts on text', () => {
  it('keeps the losing text on the device that lost, with a notice', async () => {
    await write(a, put(tasks, id(1), { body: 'base' }));
    await settled(a, b);
    await write(a, put(tasks, id(1), { body: 'what a wrote' }));
    b.device.now += 1000;
    await write(b, put(tasks, id(1), { body: 'what b wrote' }));
    await settled(b, a);
    expect(await a.db.reader.get(tasks, id(1))).toMatchObject({ body: 'what b wrote' });
    expect(await a.db.notices()).toMatchObject([
      { field: 'body', text: 'what a wrote', stands: 'theirs', recordId: id(1) },
    ]);
    await a.db.dismissNotice((await a.db.notices())[0]?.id ?? '');
    expect(await a.db.notices()).toEqual([]);
    await agree(a, b);
  });

  it("keeps the other's text when this device wins over what it had not seen", async () => {
    await write(a, put(tasks, id(1), { body: 'base' }));
    await settled(a, b);
    await write(a, put(tasks, id(1), { body: 'what a wrote' }));
    b.device.now += 1000;
    await write(b, put(tasks, id(1), { body: 'what b wrote' }));
    await settled(a, b);
    expect(await b.db.notices()).toMatchObject([{ text: 'what a wrote', stands: 'mine' }]);
    expect(server.value('tasks', id(1), 'body')).toBe('what b wrote');
  });

  it("keeps the other's text that came in while a field was being edited", async () => {
    await write(a, put(tasks, id(1), { body: 'base' }));
    await settled(a, b);
    await write(b, put(tasks, id(1), { body: 'base, and what b wrote' }));
    await settled(b, a);
    a.device.now += 1000;
    await write(a, { ...put(tasks, id(1), { body: 'base, and what a wrote' }), basis: { body: 'base' } });
    await settled(a, b);
    expect(server.value('tasks', id(1), 'body')).toBe('base, and what a wrote');
    expect(await a.db.notices()).toMatchObject([{ text: 'base, and what b wrote', stands: 'mine' }]);
    await agree(a, b);
  });

  it('an edit of what was read is no conflict', async () => {
    await write(a, put(tasks, id(1), { body: 'base' }));
    await settled(a, b);
    await write(b, put(tasks, id(1), { body: 'b' }));
    await settled(b, a);
    await write(a, put(tasks, id(1), { body: 'a' }));
    await settled(a, b);
    expect([...(await a.db.notices()), ...(await b.db.notices())]).toEqual([]);
  });
});

describe('what an old version does not know', () => {
  const moods = defineTable({ name: 'moods', fields: { table: tasks.fields.title, level: tasks.fields.tags } });
  const newTasks = defineTable({
    name: 'tasks',
    fields: { ...tasks.fields, color: tasks.fields.title },
    indexes: ['done', 'due', 'color', ['list', 'position']],
  });
  const newer = [newTasks, facts, claims, moods];

  it('unknown fields and tables survive an old version, and an upgrade finds them', async () => {
    server = new FakeSyncServer({ space: SPACE, userId: 'ada', tables: newer });
    const modern = await syncedDevice(server, { clientId: 'eeeeeeeeeeeeeeee', tables: newer });
    await modern.db.write(ada, [
      put(newTasks, id(1), { title: 'x', color: 'red' }),
      put(moods, id(1), { table: 'own field', level: 3 }),
    ]);
    await settled(modern);
    const device = fakeDevice();
    const old = await syncedDevice(server, { clientId: A, device });
    await settled(old);
    await write(old, put(tasks, id(1), { title: 'edited by the old' }));
    await settled(old, modern);
    expect(server.value('tasks', id(1), 'color')).toBe('red');
    expect(await old.exchange.verify(new AbortController().signal)).toEqual({ ok: true, value: 0 });
    old.db.close();
    const upgraded = await syncedDevice(server, { clientId: A, device, tables: newer });
    expect(await upgraded.db.reader.list(newTasks, { by: 'color', equals: 'red' })).toMatchObject([
      { title: 'edited by the old' },
    ]);
    expect(await upgraded.db.reader.list(moods)).toMatchObject([{ table: 'own field', level: 3 }]);
    await settled(upgraded);
    await agree(upgraded, modern);
    upgraded.db.close();
    const downgraded = await syncedDevice(server, { clientId: A, device });
    expect(await downgraded.db.reader.list(tasks)).toMatchObject([{ title: 'edited by the old' }]);
    await settled(downgraded);
  });
});

describe('the digest', () => {
  const verify = (on: SyncedDevice) => on.exchange.verify(new AbortController().signal);

  it('agrees when both saw the same writes, and says nothing while something waits', async () => {
    await write(a, put(tasks, id(1), { title: 'x' }), put(facts, id(1), { text: 'y' }), remove(tasks, id(2)));
    await settled(a, b);
    expect(await verify(b)).toEqual({ ok: true, value: 0 });
    await write(b, put(tasks, id(1), { title: 'waits' }));
    expect(await verify(b)).toEqual({ ok: true, value: null });
  });

  it('finds the one record that differs and mends it', async () => {
    for (let n = 0; n < 20; n++) await write(a, put(tasks, id(n), { title: `t${n}` }));
    await settled(a, b);
    await b.db.database.rows('tasks').delete(id(7));
    const ghost = formatStamp({ ms: 5, counter: 0, node: 'ffffffffffffffff' });
    await b.db.database.rows('tasks').update(id(9), { title: 'damaged', '$stamps.title': ghost });
    // lost out of the queue after a crash: the server never had it
    await write(b, put(tasks, id(11), { title: 'mine, newer' }));
    await b.db.database.outbox.clear();
    expect(await verify(b)).toEqual({ ok: true, value: 3 });
    await settled(b, a);
    expect(server.value('tasks', id(11), 'title')).toBe('mine, newer');
    expect(await verify(b)).toEqual({ ok: true, value: 0 });
    await agree(a, b);
  });
});

describe('a server that misbehaves', () => {
  it.each([
    ['a cursor that goes back', { head: 5, cursor: 0, more: false, reset: false, horizon: 0, records: [] }],
    ['a cursor past the head', { head: 1, cursor: 9, more: false, reset: false, horizon: 0, records: [] }],
    [
      'a page that says more and holds nothing',
      { head: 9, cursor: 2, more: true, reset: false, horizon: 0, records: [] },
    ],
    ['records that are none', { head: 9, cursor: 2, more: false, reset: false, horizon: 0, records: [1] }],
  ])('%s is not applied', async (_, page) => {
    await write(a, put(tasks, id(1), { title: 'x' }), put(tasks, id(2), { title: 'y' }));
    await settled(a);
    const before = (await a.store.replica()).cursor;
    server.intercept = ({ path }) =>
      path.endsWith('pull')
        ? { ok: true, body: { epoch: server.epoch, spaces: { [SPACE]: page }, removed: [], serverTime: 1 } }
        : undefined;
    expect(await a.sync()).toMatchObject({ ok: false, error: { kind: 'busy' } });
    expect((await a.store.replica()).cursor).toBe(before);
  });

  it('asks for smaller pages on a line that cuts the large ones, and comes through', async () => {
    await write(a, ...Array.from({ length: 400 }, (_, n) => put(tasks, id(n), { title: String(n) })));
    await settled(a);
    server.intercept = ({ path, body }) =>
      path === '/v1/sync/pull' && (body as { limit: number }).limit > 100 ? { ok: false, kind: 'network' } : undefined;
    let rounds = 0;
    while (!(await b.sync()).ok && rounds < 40) rounds += 1;
    expect(rounds).toBeLessThan(20);
    expect(await b.db.reader.count(tasks)).toBe(400);
  });

  it("a proxy's page instead of an answer is tried again later", async () => {
    server.intercept = () => ({ ok: true, body: '<html>' });
    expect(await a.sync()).toMatchObject({ ok: false, error: { kind: 'busy' } });
  });

  it('a space that may not be read any more keeps its copy', async () => {
    await write(a, put(tasks, id(1), { title: 'x' }));
    await settled(a);
    server.mayRead = false;
    expect(await a.sync()).toEqual({ ok: false, error: { kind: 'removed' } });
    expect(await a.db.reader.count(tasks)).toBe(1);
    server.mayRead = true;
    await settled(a);
  });

  it("sends nothing in another account's name: what waits stays as it is, until its own account is back", async () => {
    await write(a, put(tasks, id(1), { title: 'x' }));
    await settled(a);
    await write(a, put(tasks, id(1), { title: 'edited' }), put(tasks, id(2), { title: 'new' }));
    const before = await a.db.database.outbox.toArray();
    server.mayRead = false;
    server.requests.length = 0;
    expect(await a.sync()).toEqual({ ok: false, error: { kind: 'removed' } });
    expect(server.requests).toEqual(['/v1/sync/pull']);
    expect(await a.db.database.outbox.toArray()).toEqual(before);
    server.mayRead = true;
    await settled(a);
    expect(server.value('tasks', id(2), 'title')).toBe('new');
  });

  it.each([
    [
      'forbidden_space',
      {
        ok: true as const,
        body: {
          seq: 2,
          results: [{ status: 'rejected', code: 'forbidden_space', message: 'not yours' }],
          restamped: {},
          heads: {},
          epoch: 'epoch-1',
          serverTime: 1,
        },
      },
    ],
    ['batch_gap', refuse(409, 'batch_gap', { expected: 1 })],
    ['batch_reused', refuse(409, 'batch_reused')],
  ])('an account that changes between pull and push (%s) costs nothing', async (_, answer) => {
    await write(a, put(tasks, id(1), { title: 'x' }));
    await settled(a);
    await write(a, put(tasks, id(1), { title: 'edited' }));
    server.intercept = ({ path }) => {
      if (path !== '/v1/sync/push') return undefined;
      server.mayRead = false;
      return answer;
    };
    expect(await a.sync()).toEqual({ ok: false, error: { kind: 'removed' } });
    expect(await a.db.refused()).toEqual([]);
    server.intercept = () => undefined;
    server.mayRead = true;
    const { client } = await a.store.replica();
    expect(client).toBe(A);
    await settled(a);
    expect(server.value('tasks', id(1), 'title')).toBe('edited');
    expect(await a.db.waiting()).toBe(0);
  });
});
