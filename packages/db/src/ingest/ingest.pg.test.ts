import { randomUUID } from 'node:crypto';
import { assert } from '@manara/kernel/assert';
import { formatStamp, SERVER_NODE } from '@manara/sync-core/stamp';
import { engines } from '@manara/testkit/engines';
import { RawClient } from '@manara/testkit/raw-client';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Database } from '../client.ts';
import { startNewEpoch } from '../epoch.ts';
import { inTransaction } from '../in-transaction.ts';
import type { ingest } from './ingest.ts';

const MISSION = '01936f2c-1a2b-7000-8000-0000000000cc';

function code(pushed: Awaited<ReturnType<typeof ingest>>): string {
  return pushed.ok ? 'ok' : pushed.error.code;
}

describe.each(engines)('ingest on $name', (engine) => {
  let db: Database;
  let ada: RawClient;
  let now: number;
  const at = (offset = 0, counter = 0) => ada.stamp(now + offset, counter);
  const asAda = <T>(work: Parameters<typeof inTransaction<T>>[2]) =>
    inTransaction(db, { role: 'app', spaceId: ada.space }, work);

  beforeAll(async () => {
    db = await engine.open();
  });
  afterAll(() => db.close());
  beforeEach(async () => {
    now = Date.now();
    ada = await RawClient.create(db, `ada-${randomUUID()}`);
  });

  describe('a batch number', () => {
    it('sent again with the same content answers the same and applies nothing twice', async () => {
      const ops = [ada.todo(randomUUID(), 'a', at()), ada.todo('no id', 'b', at()), 5];
      const first = await ada.push(ops);
      const again = await ada.push(structuredClone(ops), { seq: 1 });
      assert(first.ok && again.ok, 'both are taken');
      expect(again.value.reply).toEqual(first.value.reply);
      expect(again.value.moved).toEqual({});
      expect(first.value.moved).toEqual({ [ada.space]: 1 });
      const [log] = await asAda((tx) => tx<{ n: number }[]>`select count(*) as n from changes`);
      expect(log?.n).toBe(1);
    });

    it('sent again with other key order is the same batch', async () => {
      const op = ada.todo(randomUUID(), 'a', at()) as Record<string, unknown>;
      await ada.push([op]);
      const reversed = Object.fromEntries(Object.entries(op).reverse());
      expect(code(await ada.push([reversed], { seq: 1 }))).toBe('ok');
    });

    it('with other content is reused, a past one stale, a later one a gap', async () => {
      await ada.push([]);
      await ada.push([ada.todo(randomUUID(), 'a', at())]);
      const details = async (seq: number) => {
        const pushed = await ada.push([], { seq });
        return pushed.ok ? 'ok' : [pushed.error.code, pushed.error.details];
      };
      expect(await details(2)).toEqual(['batch_reused', { expected: 3 }]);
      expect(await details(1)).toEqual(['batch_stale', { expected: 3 }]);
      expect(await details(4)).toEqual(['batch_gap', { expected: 3 }]);
      expect(await details(3)).toBe('ok');
    });

    it('counts per client, and a batch of refused ops counts', async () => {
      const other = ada.sibling('aaaaaaaaaaaaaaaa');
      expect(code(await ada.push([5]))).toBe('ok');
      expect(code(await ada.push([5]))).toBe('ok');
      expect(code(await other.push([], { seq: 2 }))).toBe('batch_gap');
      expect(code(await other.push([]))).toBe('ok');
    });

    it('raced by two requests of one client is applied once', async () => {
      const ops = [ada.todo(randomUUID(), 'a', at())];
      const replies = await Promise.all(Array.from({ length: 8 }, () => ada.push(ops, { seq: 1 })));
      expect(replies.map((reply) => reply.ok && reply.value.reply)).toEqual(
        Array(8).fill(replies[0]?.ok && replies[0].value.reply),
      );
      expect((await ada.page()).head).toBe(1);
    });
  });

  it('stores what was accepted and leaves out what was refused, all in one transaction', async () => {
    const [a, b] = [randomUUID(), randomUUID()];
    const reply = await ada.pushed([ada.todo(a, 'a', at()), ada.todo(b, 5, at()), ada.todo(b, 'b', at(1))]);
    expect(reply.results.map((result) => result.status)).toEqual(['ok', 'rejected', 'ok']);
    expect(reply.heads).toEqual({ [ada.space]: 2 });
    const page = await ada.page();
    expect(page.records.map(({ id, seq }) => [id, seq])).toEqual([
      [a, 1],
      [b, 2],
    ]);
  });

  it('one transaction per op: no, everything is rolled back when it fails', async () => {
    const failing = ada.push([ada.todo(randomUUID(), 'a', at())], { nowMs: 1e300 });
    await expect(failing).rejects.toThrow();
    expect(await ada.page()).toMatchObject({ head: 0, records: [] });
    expect(code(await ada.push([], { seq: 1 }))).toBe('ok');
  });

  it('keeps text byte for byte, and every JSON value as it was', async () => {
    const id = randomUUID();
    const title = '\u202e<script>alert(1)</script>\u200b \'; drop table records; -- 😀 \\u0000 "\n\t';
    const evidence = { a: [1, 1e-7, 0.1, -5, 2 ** 53 - 1, true, null, { __proto: 'x' }], 'k"\u2028': '' };
    await ada.pushed([ada.todo(id, title, at()), ada.op('milestones', id, { evidence: [evidence, at()] })]);
    const { records } = await ada.page();
    expect(records[0]?.fields.title?.[0]).toBe(title);
    expect(records[1]?.fields.evidence?.[0]).toEqual(evidence);
    const own = JSON.parse('{"__proto__":{"x":1},"constructor":2}');
    await ada.pushed([ada.op('milestones', id, { evidence: [own, at(1)] })]);
    const json = (await ada.get('milestones', [id]))?.records[0] ?? '';
    expect(json).toContain('"__proto__": {"x": 1}');
  });

  it('tells who wrote what', async () => {
    const id = randomUUID();
    const ai = { kind: 'ai', id: MISSION, name: 'Planner', missionId: MISSION };
    await ada.pushed([ada.todo(id, 'mine', at(5))]);
    await ada.pushed([ada.op('todos', id, { note: ['its', at(1)] }, { actor: ai, deleted: [false, at(1)] })]);
    const [record] = (await ada.page()).records;
    expect(record?.actor.kind).toBe('user');
    expect(record?.actorOf).toEqual({ note: ai, deleted: ai });
    await ada.pushed([ada.op('todos', id, { priority: [1, at(9)] }, { actor: ai })]);
    const [later] = (await ada.page()).records;
    expect(later?.actor).toEqual(ai);
    expect(later?.actorOf).toMatchObject({ title: { kind: 'user' } });
    expect(Object.keys(later?.actorOf ?? {})).toEqual(['title']);
  });

  it('keeps both sides of a conflict in the log', async () => {
    const id = randomUUID();
    await ada.pushed([ada.todo(id, 'a', at(1))]);
    await ada.pushed([ada.op('todos', id, { title: ['b', at(2), at(0)] })]);
    const log = await asAda((tx) => tx<{ cells: unknown }[]>`select cells from changes order by entry`);
    expect(log[1]?.cells).toEqual({ title: { value: 'b', stamp: at(2), won: true, previous: ['a', at(1)] } });
  });

  describe('in a new epoch', () => {
    const theirs = () =>
      ada.op(
        'todos',
        randomUUID(),
        { title: ['x', formatStamp({ ms: now, counter: 0, node: 'bbbbbbbbbbbbbbbb' })] },
        { actor: { kind: 'user', id: 'someone', name: 'S' } },
      );

    it('refuses batches of the old one and counts from 1 again', async () => {
      await ada.pushed([]);
      await ada.pushed([]);
      const old = await startNewEpoch(db);
      await startNewEpoch(db);
      expect(code(await ada.push([], { epoch: old, seq: 3 }))).toBe('epoch_changed');
      expect(code(await ada.push([], { seq: 3 }))).toBe('batch_gap');
      expect(code(await ada.push([], { seq: 1 }))).toBe('ok');
    });

    it('takes recovery batches of a client that it knew, until its first ordinary one', async () => {
      await ada.pushed([]);
      await startNewEpoch(db);
      const status = async (recovery: boolean, seq: number) => {
        const pushed = await ada.push([theirs()], { recovery, seq });
        return pushed.ok ? pushed.value.reply.results[0] : pushed.error.code;
      };
      expect(await status(true, 1)).toEqual({ status: 'ok' });
      expect(await status(true, 2)).toEqual({ status: 'ok' });
      expect(await status(false, 3)).toMatchObject({ code: 'node_mismatch' });
      expect(await status(true, 4)).toMatchObject({ code: 'node_mismatch' });
    });

    it('takes none of a client that it did not know', async () => {
      await startNewEpoch(db);
      const pushed = await ada.push([theirs()], { recovery: true });
      assert(pushed.ok, 'taken');
      expect(pushed.value.reply.results[0]).toMatchObject({ code: 'node_mismatch' });
    });
  });

  it('draws accepted by the server, rising over batches', async () => {
    const ids = Array.from({ length: 6 }, () => randomUUID());
    for (const id of ids) await ada.pushed([ada.op('feedback', id, { body: ['x', at()] })]);
    const accepted = (await ada.page()).records.map((record) => record.fields.accepted);
    expect(accepted.every((cell) => cell?.[0] === cell?.[1] && String(cell?.[0]).endsWith(SERVER_NODE))).toBe(true);
    const stamps = accepted.map((cell) => String(cell?.[0]));
    expect([...new Set(stamps)].sort()).toEqual(stamps);
  });

  describe('the two tenants', () => {
    it("cannot write or read each other's space, nor learn whether it exists", async () => {
      const bob = await RawClient.create(db, `bob-${randomUUID()}`, 'bbbbbbbbbbbbbbbb');
      const id = randomUUID();
      await bob.pushed([bob.todo(id, 'secret', bob.stamp(now))]);
      const into = (space: string) => ada.op('todos', id, { title: ['x', at()] }, { space });
      const reply = await ada.pushed([into(bob.space), into(randomUUID())]);
      expect(reply.results[0]).toEqual(reply.results[1]);
      expect(reply.results[0]).toMatchObject({ code: 'forbidden_space' });
      expect(reply.heads).toEqual({ [ada.space]: 0 });
      const cursors = new Map([
        [bob.space, 0],
        ['x', 0],
      ]);
      const pulled = await ada.pull({ cursors });
      expect([...pulled.spaces]).toEqual([]);
      expect(pulled.removed).toEqual([bob.space, 'x']);
      expect(await ada.get('todos', [id], bob.space)).toBeNull();
      expect(await ada.digest({ spaceId: bob.space })).toBeNull();
      // the same id in the own space is a record of its own
      await ada.pushed([ada.todo(id, 'mine', at())]);
      expect((await bob.page()).records[0]?.fields.title?.[0]).toBe('secret');
    });
  });

  describe("the runner's tables", () => {
    const missionOp = (fields: Record<string, unknown>, more = {}) => ada.op('missions', MISSION, fields, more);
    const runs = () =>
      asAda(
        (tx) => tx<{ kind: string; slot: string; state: string }[]>`
        select kind, slot, state from runs order by requested_at, slot`,
      );

    it('a request of any device becomes one run, however often it is sent', async () => {
      const id = randomUUID();
      const request = ada.op('runRequests', id, { missionId: [MISSION, at()], requestedAt: [now, at()] });
      await ada.pushed([missionOp({ title: ['M', at()] }), request]);
      await ada.pushed([request]);
      expect(await runs()).toEqual([{ kind: 'request', slot: id, state: 'queued' }]);
    });

    it('a request without a mission or message makes none', async () => {
      await ada.pushed([ada.op('runRequests', randomUUID(), {})]);
      await ada.pushed([ada.op('runRequests', randomUUID(), { kind: ['answer', at()] })]);
      expect(await runs()).toEqual([]);
    });

    it('an iteration that a device planned closes its slot', async () => {
      const iteration = ada.op('iterations', randomUUID(), {
        missionId: [MISSION, at()],
        slot: ['2026-11-20T07:00Z', at()],
        source: ['device', at()],
      });
      await ada.pushed([iteration]);
      expect(await runs()).toEqual([{ kind: 'scheduled', slot: '2026-11-20T07:00Z', state: 'done' }]);
    });

    it("a device's plan serves what was asked for on it before, in whichever order they come", async () => {
      const [first, second, later] = [randomUUID(), randomUUID(), randomUUID()];
      const request = (id: string, requestedAt: number) =>
        ada.op('runRequests', id, { missionId: [MISSION, at()], requestedAt: [requestedAt, at()] });
      const plan = ada.op('iterations', randomUUID(), {
        missionId: [MISSION, at()],
        slot: [second, at()],
        source: ['device', at()],
        startedAt: [now, at()],
      });
      await ada.pushed([request(later, now + 1), plan, request(second, now - 1000)]);
      await ada.pushed([request(first, now - 2000)]);
      const states = new Map((await runs()).map((run) => [run.slot, run.state]));
      expect([first, second, later].map((slot) => states.get(slot))).toEqual(['done', 'done', 'queued']);
    });

    it("a device's plan leaves what another device asked for, whose clock may differ", async () => {
      const id = randomUUID();
      const plan = ada.op('iterations', randomUUID(), {
        missionId: [MISSION, at()],
        slot: ['2026-11-20T07:00Z', at()],
        source: ['device', at()],
        startedAt: [now, at()],
      });
      const other = ada.sibling('eeeeeeeeeeeeeeee');
      const atOther = other.stamp(now);
      await ada.pushed([plan]);
      const asked = { missionId: [MISSION, atOther], requestedAt: [now - 1000, atOther] };
      await other.pushed([other.op('runRequests', id, asked)]);
      expect(await runs()).toContainEqual({ kind: 'request', slot: id, state: 'queued' });
    });

    it('an active mission is due at its next occurrence; a title moves nothing, a pause ends it', async () => {
      const nextSlot = async () => {
        const [row] = await asAda((tx) => tx<{ slot: Date | null }[]>`select next_slot as slot from schedules`);
        return row === undefined ? 'none' : (row.slot?.getTime() ?? null);
      };
      const trigger = { kind: 'rrule', rrule: 'FREQ=DAILY;BYHOUR=8;BYMINUTE=0', zone: 'Europe/Berlin', start: now };
      await ada.pushed([missionOp({ title: ['M', at()], trigger: [trigger, at()] })]);
      expect(await nextSlot()).toBeNull();
      await ada.pushed([missionOp({ state: ['active', at(1)] })]);
      const slot = await nextSlot();
      expect(slot).toBeGreaterThan(now);
      expect(Number(slot) - now).toBeLessThanOrEqual(25 * 3_600_000);
      await asAda((tx) => tx`update schedules set next_slot = ${new Date(now - 60_000)}`);
      await ada.pushed([missionOp({ title: ['N', at(2)], trigger: [trigger, at(2)] })]);
      expect(await nextSlot()).toBe(now - 60_000);
      await ada.pushed([missionOp({ state: ['paused', at(3)] })]);
      expect(await nextSlot()).toBeNull();
      const broken = { ...trigger, rrule: 'FREQ=NEVER', zone: 'Nowhere/At_All' };
      await ada.pushed([missionOp({ state: ['active', at(4)], trigger: [broken, at(4)] })]);
      expect(await nextSlot()).toBeNull();
    });

    it('pausing a mission cancels what its schedule asked for, putting it away what a person did, never an answer', async () => {
      const states = async () => Object.fromEntries((await runs()).map((run) => [run.kind, run.state]));
      await ada.pushed([missionOp({ state: ['active', at()] })]);
      await ada.pushed([ada.op('runRequests', randomUUID(), { missionId: [MISSION, at()] })]);
      const answer = { kind: ['answer', at()], missionId: [MISSION, at()], messageId: [randomUUID(), at()] };
      await ada.pushed([ada.op('runRequests', randomUUID(), answer)]);
      await asAda(
        (tx) => tx`insert into runs (space_id, kind, mission_id, slot)
          values (${ada.space}, 'scheduled', ${MISSION}, '2026-11-20T07:00Z')`,
      );
      await ada.pushed([missionOp({ state: ['paused', at(1)] })]);
      expect(await states()).toEqual({ request: 'queued', answer: 'queued', scheduled: 'cancelled' });
      await ada.pushed([missionOp({ state: ['archived', at(2)] })]);
      expect(await states()).toEqual({ request: 'cancelled', answer: 'queued', scheduled: 'cancelled' });
    });
  });
});
