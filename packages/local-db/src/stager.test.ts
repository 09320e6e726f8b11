import { hashJson } from '@manara/kernel/hash';
import { aiTables } from '@manara/shared-ai/tables/all';
import { jsonObject } from '@manara/shared-ai/tables/fields';
import { decisions, iterations, steps } from '@manara/shared-ai/tables/plans';
import type { Tool } from '@manara/shared-ai/tool';
import { RUNNER_ACTOR } from '@manara/sync-core/actor';
import type { WireRecord } from '@manara/sync-core/apply';
import { formatStamp } from '@manara/sync-core/stamp';
import { put } from '@manara/sync-core/write';
import { ada, fakeDevice, id, SPACE } from '@manara/testkit/fake-device';
import { FakeSyncServer } from '@manara/testkit/fake-sync-server';
import { type SyncedDevice, syncedDevice } from '@manara/testkit/synced-device';
import { beforeEach, describe, expect, it } from 'vitest';

const ARGS = { title: 'Buy milk' };
let server: FakeSyncServer;
let a: SyncedDevice;
beforeEach(async () => {
  server = new FakeSyncServer({ space: SPACE, userId: 'ada', tables: aiTables });
  a = await syncedDevice(server, { tables: aiTables });
});

let at = 0;
/** A plan as the runner's ingest leaves it: rows with `accepted`, by the runner. */
function planned(seq: number, table: string, name: string, values: Record<string, unknown>): WireRecord {
  const stamp = formatStamp({ ms: 1_763_673_000_000 + ++at, counter: 0, node: 'eeeeeeeeeeeeeeee' });
  const fields = Object.fromEntries(
    Object.entries({ ...values, accepted: stamp }).map(([key, value]) => [key, [value as never, stamp] as const]),
  );
  return { table, id: id(name), seq, fields, actor: RUNNER_ACTOR, actorOf: {} };
}
const plan = (): WireRecord[] => [
  planned(1, iterations.name, 'iteration', { missionId: id('mission'), slot: '2026-11-20T08:00Z', finishedAt: 5 }),
  planned(2, steps.name, 'step', {
    iterationId: id('iteration'),
    missionId: id('mission'),
    n: 1,
    tool: 'todo.create',
    args: ARGS,
  }),
];
const page = (records: WireRecord[], cursor: number) =>
  ({ head: cursor, cursor, more: false, reset: false, horizon: 0, records }) as never;
const reject = () =>
  put(decisions, id('decision'), {
    stepId: id('step'),
    iterationId: id('iteration'),
    missionId: id('mission'),
    verb: 'reject',
    argsHash: hashJson(ARGS),
    reasonCode: 'wrong',
    feedback: 'I have milk',
    clientId: a.db.clientId,
  });

describe('proposals', () => {
  it('staging marker syncs but proposals do not: each device derives them from the synced rows, whatever their order', async () => {
    const [iteration, step] = plan();
    const b = await syncedDevice(server, { clientId: 'bbbbbbbbbbbbbbbb', tables: aiTables });
    await a.store.applyPage(page([iteration as WireRecord, step as WireRecord], 2), server.epoch);
    await b.store.applyPage(page([step as WireRecord], 1), server.epoch);
    await b.store.applyPage(page([iteration as WireRecord], 2), server.epoch);
    expect(await a.db.proposals()).toMatchObject([{ stepId: id('step'), status: 'pending', args: ARGS, plannedAt: 5 }]);
    expect(await b.db.proposals()).toEqual(await a.db.proposals());
  });

  it('crash in mid-staging duplicates proposals: a page that comes again changes nothing', async () => {
    const records = plan();
    await a.store.applyPage(page(records, 2), server.epoch);
    const before = await a.db.proposals();
    await a.store.applyPage(page(records, 2), server.epoch);
    expect(await a.db.proposals()).toEqual(before);
  });

  it('follow a decision in the transaction that writes it, all or nothing', async () => {
    await a.store.applyPage(page(plan(), 2), server.epoch);
    const kill = () => {
      throw new Error('the tab was killed here');
    };
    a.db.database.proposals.hook('updating', kill);
    await expect(a.db.write(ada, [reject()])).rejects.toThrow('killed');
    expect(await a.db.reader.get(decisions, id('decision'))).toBeUndefined();
    expect(await a.db.waiting()).toBe(0);
    a.db.database.proposals.hook('updating').unsubscribe(kill);
    expect(await a.db.write(ada, [reject()])).toMatchObject({ ok: true });
    expect(await a.db.proposals({ by: 'status', equals: 'rejected' })).toMatchObject([
      { reasonCode: 'wrong', provisional: true },
    ]);
  });

  it('go back when the decision is refused, and go when their step does', async () => {
    await a.store.applyPage(page(plan(), 2), server.epoch);
    await a.db.write({ ...ada, id: 'someone else' }, [reject()]);
    await a.store.learnEpoch(server.epoch);
    const batch = await a.store.nextBatch();
    const refusal = { status: 'rejected', code: 'bad_actor', message: 'no' } as const;
    await a.store.settle(batch?.client ?? '', {
      seq: 1,
      results: [refusal],
      restamped: {},
      heads: {},
      epoch: server.epoch,
      serverTime: a.device.now,
    });
    expect(await a.db.proposals()).toMatchObject([{ status: 'rejected' }]);
    for (const request of await a.store.repairs()) await a.store.repair(request, []);
    expect(await a.db.proposals()).toMatchObject([{ status: 'pending', reasonCode: null }]);
    const reset = { head: 9, cursor: 9, more: false, reset: true, horizon: 9, records: [] };
    await a.store.applyPage(reset as never, server.epoch);
    expect(await a.db.proposals()).toEqual([]);
  });

  it('are derived anew when the app knows other tools', async () => {
    const device = fakeDevice();
    const first = await syncedDevice(server, { device, tables: aiTables });
    await first.store.applyPage(page(plan(), 2), server.epoch);
    expect((await first.db.proposals())[0]?.effect).toBeNull();
    first.db.close();
    const tool = {
      name: 'todo.create',
      module: 'todo',
      version: 1,
      effect: 'create',
      risk: 'low',
      reversible: true,
      input: jsonObject,
      target: () => ({ table: { name: 'todos' }, id: null }),
    } as unknown as Tool;
    const again = await device.open({ tables: aiTables, tools: new Map([[tool.name, tool]]) });
    expect((await again.proposals())[0]).toMatchObject({ effect: 'create', targetTable: 'todos' });
  });
});
