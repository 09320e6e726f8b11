import { randomUUID } from 'node:crypto';
import { engines } from '@manara/testkit/engines';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { another, Installation, type Reply, signUp, stampAt } from './independent-client.ts';
import { type ServerUnderTest, startServer } from './server-under-test.ts';

describe.each(engines)('push on $name', (engine) => {
  let server: ServerUnderTest;
  let ada: Installation;
  let bob: Installation;

  beforeAll(async () => {
    server = await startServer(engine);
    bob = await signUp(server.url);
  });
  afterAll(async () => {
    await server.stop();
    expect(server.logged).toEqual([]);
  });
  beforeEach(async () => {
    ada = await signUp(server.url);
  });

  const failure = (reply: Reply) => [reply.status, reply.body.error?.code, reply.body.error?.details];

  it('answers as the protocol shows it', async () => {
    const id = randomUUID();
    const reply = await ada.push([ada.todo('Buy milk', id), ada.op({ nope: [1, ada.stamp()] }, { id })]);
    expect(reply.status).toBe(200);
    expect(reply.body).toEqual({
      seq: 1,
      results: [{ status: 'ok' }, { status: 'rejected', code: 'unknown_field', message: expect.any(String) }],
      restamped: {},
      heads: { [ada.space]: 1 },
      epoch: ada.epoch,
      serverTime: expect.any(Number),
    });
    expect(Math.abs(reply.body.serverTime - Date.now())).toBeLessThan(5000);
  });

  describe('idempotency', () => {
    it('server-drawn row ids duplicate a retried push: no, the last batch again gets an equal reply and is applied once', async () => {
      const ops = [ada.todo('a'), 5, ada.op({ title: ['far', ada.stamp(86_400_000)] })];
      const first = await ada.push(ops);
      const head = (await ada.page()).head;
      for (let times = 0; times < 3; times++) {
        const again = await ada.push(ops, { seq: 1 });
        expect(again.status).toBe(200);
        expect(again.text).toBe(first.text);
      }
      expect((await ada.page()).head).toBe(head);
    });

    it('again with keys in another order is the same batch', async () => {
      const op = ada.todo('a');
      const first = await ada.push([op]);
      const turned = Object.fromEntries(Object.entries(op).reverse());
      expect((await ada.push([turned], { seq: 1 })).body).toEqual(first.body);
    });

    it('gap, stale and reused are 409 with what is expected', async () => {
      expect(failure(await ada.push([], { seq: 2 }))).toEqual([409, 'batch_gap', { expected: 1 }]);
      await ada.push([]);
      await ada.push([ada.todo('a')]);
      expect(failure(await ada.push([ada.todo('b')], { seq: 2 }))).toEqual([409, 'batch_reused', expect.anything()]);
      expect(failure(await ada.push([], { seq: 1 }))).toEqual([409, 'batch_stale', { expected: 3 }]);
      expect(failure(await ada.push([], { seq: 9 }))).toEqual([409, 'batch_gap', { expected: 3 }]);
      expect((await ada.push([], { seq: 3 })).status).toBe(200);
    });

    it('counts per client', async () => {
      const second = await another(ada);
      await ada.push([]);
      expect((await second.push([])).status).toBe(200);
    });

    it('eight at once are applied once', async () => {
      const ops = [ada.todo('a')];
      const replies = await Promise.all(Array.from({ length: 8 }, () => ada.push(ops, { seq: 1 })));
      expect(new Set(replies.map((reply) => `${reply.status} ${reply.text}`)).size).toBe(1);
      expect((await ada.page()).head).toBe(1);
    });

    it('a batch whose ops were all refused counts', async () => {
      await ada.push([5]);
      expect(failure(await ada.push([], { seq: 1 }))).toEqual([409, 'batch_reused', { expected: 2 }]);
    });

    it('zero ops is a batch like any other', async () => {
      const reply = await ada.push([]);
      expect(reply.body).toMatchObject({ seq: 1, results: [], restamped: {} });
    });
  });

  describe('groups', () => {
    it('are all accepted or all refused', async () => {
      const [good, broken] = [randomUUID(), randomUUID()];
      const ops = [
        { ...ada.todo('a'), group: broken },
        { ...ada.todo('b'), group: good },
        ada.op({ done: ['x', ada.stamp()] }, { group: broken }),
        { ...ada.todo('c'), group: good },
        ada.todo('alone'),
      ];
      expect(await ada.verdicts(ops)).toEqual(['group_refused', 'ok', 'invalid_value', 'ok', 'ok']);
      expect((await ada.page()).records).toHaveLength(3);
    });

    it('take the innocent along when one op is taken', async () => {
      const id = randomUUID();
      const execution = (client: string) => ada.op({ clientId: [client, ada.stamp()] }, { table: 'executions', id });
      await ada.push([execution('aaaaaaaaaaaaaaaa')]);
      const group = randomUUID();
      const ops = [
        { ...execution('bbbbbbbbbbbbbbbb'), group },
        { ...ada.todo('effect'), group },
      ];
      expect(await ada.verdicts(ops)).toEqual(['taken', 'group_refused']);
      expect(await ada.verdicts([execution('aaaaaaaaaaaaaaaa')])).toEqual(['ok']);
    });
  });

  describe('merge', () => {
    const titleOf = async (id: string) => {
      const { body } = await ada.call('POST', '/v1/sync/get', { space: ada.space, table: 'todos', ids: [id] });
      return body.records[0]?.fields.title;
    };

    it('per cell the greater stamp wins, whatever the order of arrival', async () => {
      const id = randomUUID();
      const [older, newer] = [ada.stamp(-1000), ada.stamp()];
      const second = await another(ada);
      await ada.push([ada.op({ title: ['new', newer] }, { id })]);
      const reply = await ada.push([ada.op({ title: ['old', older], note: ['n', older] }, { id })]);
      expect(reply.body.results).toEqual([{ status: 'ok', lost: ['title'] }]);
      expect(await titleOf(id)).toEqual(['new', newer]);
      expect((await second.page()).records[0]?.fields.note?.[0]).toBe('n');
    });

    it('on equal stamps the stored cell stands', async () => {
      const id = randomUUID();
      const stamp = ada.stamp();
      await ada.push([ada.op({ title: ['a', stamp] }, { id })]);
      const reply = await ada.push([ada.op({ title: ['z', stamp] }, { id })]);
      expect(reply.body.results).toEqual([{ status: 'ok', lost: ['title'] }]);
      expect(await titleOf(id)).toEqual(['a', stamp]);
    });

    it('sending again what is stored is ok and moves no head', async () => {
      const op = ada.todo('a');
      await ada.push([op]);
      const reply = await ada.push([op]);
      expect(reply.body.results).toEqual([{ status: 'ok' }]);
      expect(reply.body.heads).toEqual({ [ada.space]: 1 });
    });

    it('a replaced stamp that is not the stored one is a conflict, and the op is merged', async () => {
      const id = randomUUID();
      const [first, second, third] = [ada.stamp(), ada.stamp(), ada.stamp()];
      await ada.push([ada.op({ title: ['a', first] }, { id })]);
      const fine = await ada.push([ada.op({ title: ['b', second, first] }, { id })]);
      expect(fine.body.results).toEqual([{ status: 'ok' }]);
      const conflict = await ada.push([ada.op({ title: ['c', third, first] }, { id })]);
      expect(conflict.body.results).toEqual([{ status: 'ok', conflicts: ['title'] }]);
      expect(await titleOf(id)).toEqual(['c', third]);
    });

    it('deleted hides and keeps; a later field merges underneath; false brings back', async () => {
      const id = randomUUID();
      await ada.push([ada.todo('a', id)]);
      await ada.push([ada.op(undefined, { id, deleted: [true, ada.stamp()] })]);
      await ada.push([ada.todo('b', id)]);
      const [record] = (await ada.page()).records;
      expect(record?.deleted?.[0]).toBe(true);
      expect(record?.fields.title?.[0]).toBe('b');
      await ada.push([ada.op(undefined, { id, deleted: [false, ada.stamp()] })]);
      expect((await ada.page()).records[0]?.deleted?.[0]).toBe(false);
    });
  });

  describe('insert-only tables', () => {
    it('a row cannot change or be deleted; the same again is ok; accepted gives the order', async () => {
      const [a, b] = [randomUUID(), randomUUID()];
      const row = (id: string, body = 'x') => ada.op({ body: [body, ada.stamp()] }, { table: 'feedback', id });
      const first = row(b);
      await ada.push([first, row(a)]);
      expect(await ada.verdicts([first])).toEqual(['ok']);
      expect(await ada.verdicts([row(b, 'y')])).toEqual(['immutable']);
      expect(
        await ada.verdicts([ada.op(undefined, { table: 'feedback', id: b, deleted: [true, ada.stamp()] })]),
      ).toEqual(['immutable']);
      const { records } = await ada.page();
      const accepted = (id: string) => records.find((record) => record.id === id)?.fields.accepted;
      expect(accepted(b)?.[0]).toMatch(/^[0-9a-f]{12}-[0-9a-f]{4}-[0-9a-f]{16}$/);
      expect(String(accepted(b)?.[0]) < String(accepted(a)?.[0])).toBe(true);
      expect(accepted(b)?.[0]).toBe(accepted(b)?.[1]);
    });
  });

  describe('clock', () => {
    it('stamps over 60 s ahead become consecutive ones just above server time', async () => {
      const [late, later] = [
        stampAt(Date.now() + 3_600_000, 0, ada.client),
        stampAt(Date.now() + 7_200_000, 0, ada.client),
      ];
      const id = randomUUID();
      const reply = await ada.push([ada.op({ note: ['n', later], title: ['t', late] }, { id })]);
      const { restamped, serverTime } = reply.body;
      expect(Object.keys(restamped).sort()).toEqual([late, later].sort());
      const parts = (stamp = '') => [
        Number.parseInt(stamp.slice(0, 12), 16),
        Number.parseInt(stamp.slice(13, 17), 16),
        stamp.slice(18),
      ];
      const [ms, counter, node] = parts(restamped[late]);
      expect(ms).toBe(serverTime);
      expect(node).toBe(ada.client);
      expect(parts(restamped[later])).toEqual([ms, Number(counter) + 1, node]);
      const [record] = (await ada.page()).records;
      expect(record?.fields.title?.[1]).toBe(restamped[late]);
      expect(record?.fields.note?.[1]).toBe(restamped[later]);
    });

    it('a wrong clock is no permanent winner', async () => {
      const id = randomUUID();
      await ada.push([ada.op({ title: ['from the future', ada.stamp(86_400_000 * 365)] }, { id })]);
      const second = await another(ada);
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect((await second.push([second.todo('now', id)])).body.results).toEqual([{ status: 'ok' }]);
      expect((await ada.page()).records[0]?.fields.title?.[0]).toBe('now');
    });

    it('server time never falls, whatever the wall clock does and whatever the batch holds', async () => {
      server.turnClock(3_600_000);
      const ahead = (await ada.push([ada.todo('a')])).body.serverTime;
      server.turnClock(0);
      expect(ahead).toBeGreaterThan(Date.now() + 3_000_000);
      const times = [ahead];
      const elsewhere = { ...ada.todo('x'), space: randomUUID() };
      for (const ops of [[], [5], [ada.op({ nope: [1, ada.stamp()] })], [elsewhere], [ada.todo('b')], []]) {
        times.push((await ada.push(ops)).body.serverTime);
      }
      times.push((await ada.pull()).body.serverTime, (await ada.call('GET', '/v1/me')).body.serverTime);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
    });

    it('up to 60 s ahead is kept', async () => {
      expect((await ada.push([ada.op({ title: ['x', ada.stamp(50_000)] })])).body.restamped).toEqual({});
    });
  });

  describe('limits', () => {
    it('push reply capped without `more`: no, 500 ops are answered each, 501 are too large', async () => {
      const ops = Array.from({ length: 501 }, (_, index) => ada.todo(`t${index}`));
      const refused = await ada.push(ops);
      expect([refused.status, refused.body.error.code]).toEqual([413, 'too_large']);
      const taken = await ada.push(ops.slice(1));
      expect(taken.status).toBe(200);
      expect(taken.body.results).toHaveLength(500);
      expect(taken.body.heads[ada.space]).toBe(500);
    });
  });

  describe('a restored server', () => {
    it('refuses the old epoch; recovers what clients still have; counts from 1', async () => {
      const second = await another(ada);
      await second.pull();
      const lost = ada.todo('written before the restore');
      await ada.push([lost]);
      const fresh = new Installation(server.url, ada.token, await ada.call('GET', '/v1/me'));
      await server.restoreBackup();
      expect(failure(await ada.push([]))).toEqual([409, 'epoch_changed', expect.anything()]);

      const pulled = await ada.pull(999);
      expect(pulled.status).toBe(200);
      expect(pulled.body.recover).toBe(true);
      expect(pulled.body.epoch).not.toBe(ada.epoch);
      expect(pulled.body.spaces[ada.space]).toMatchObject({ reset: false, more: false });
      const { epoch } = pulled.body;

      // what another client wrote, in its name
      const theirs = {
        ...lost,
        id: randomUUID(),
        actor: { kind: 'system', id: 'mission-runner', name: 'Mission runner' },
      };
      second.epoch = epoch;
      second.seq = 0;
      const recovery = await second.push([theirs], { recovery: true });
      expect(recovery.body.results).toEqual([{ status: 'ok' }]);
      expect((await second.push([second.todo('ordinary')])).body.results).toEqual([{ status: 'ok' }]);
      const tooLate = await second.push([theirs], { recovery: true });
      expect(tooLate.body.results[0]?.code).toBe('node_mismatch');

      fresh.epoch = epoch;
      expect((await fresh.push([theirs], { recovery: true })).body.results[0]?.code).toBe('node_mismatch');
      bob.epoch = epoch;
    });
  });
});
