import { put } from '@manara/sync-core/write';
import { ada, fakeDevice, id, SPACE, tasks, testTables } from '@manara/testkit/fake-device';
import { FakePeers, FakeTimers, fakeLocks } from '@manara/testkit/fake-surroundings';
import { FakeSyncServer, refuse } from '@manara/testkit/fake-sync-server';
import { syncedDevice } from '@manara/testkit/synced-device';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createSyncEngine, type SyncEngine } from './engine.ts';
import type { SyncStatus } from './sync-status.ts';

let server: FakeSyncServer;
let timers: FakeTimers;
let running: { engine: SyncEngine; done: Promise<void> }[];
beforeEach(() => {
  server = new FakeSyncServer({ space: SPACE, userId: 'ada', tables: testTables });
  timers = new FakeTimers();
  running = [];
});
afterEach(async () => {
  for (const { engine } of running) engine.stop();
  for (const { done } of running) await done;
});

const locks = fakeLocks();
/** A tab of a browser profile; tabs that share `profile` share disk, lock and channel. */
async function tab(
  profile: { device: ReturnType<typeof fakeDevice>; peers: FakePeers; clientId: string },
  live = true,
) {
  const synced = await syncedDevice(server, profile);
  const engine = createSyncEngine({
    store: synced.store,
    transport: server.transport({ live }),
    clock: { wall: () => synced.device.now + timers.nowMs, mono: () => timers.nowMs },
    timers,
    random: () => 0.5,
    locks,
    peers: profile.peers.join(),
    name: profile.clientId,
  });
  const seen: SyncStatus['state'][] = [];
  engine.subscribe((status) => {
    if (seen.at(-1) !== status.state) seen.push(status.state);
  });
  running.push({ engine, done: engine.run() });
  return { ...synced, engine, seen };
}
const profile = (clientId: string) => ({ device: fakeDevice(), peers: new FakePeers(), clientId });
const until = (check: () => unknown) =>
  vi.waitFor(async () => expect(await check()).toBeTruthy(), { timeout: 4000, interval: 5 });
const [A, B] = ['aaaaaaaaaaaaaaaa', 'bbbbbbbbbbbbbbbb'];

describe('the engine', () => {
  it('sends what is written and brings what others wrote, poked over the line', async () => {
    const a = await tab(profile(A));
    const b = await tab(profile(B));
    await until(() => a.engine.status.state === 'synced' && b.engine.status.state === 'synced');
    await a.db.write(ada, [put(tasks, id(1), { title: 'x' })]);
    await until(async () => (await b.db.reader.get(tasks, id(1)))?.title === 'x');
    await until(() => a.engine.status.waiting === 0 && a.engine.status.state === 'synced');
    expect(a.engine.status.lastSyncAt).toBeGreaterThan(0);
    expect(timers.nowMs).toBe(0);
  });

  it('N tabs push one outbox: only the one that holds the lock works, the others show its status', async () => {
    const shared = profile(A);
    const tabs = [await tab(shared), await tab(shared), await tab(shared)];
    await until(() => tabs.every(({ engine }) => engine.status.state === 'synced'));
    server.requests.length = 0;
    await tabs[2]?.db.write(ada, [put(tasks, id(1), { title: 'from the third tab' })]);
    await until(() => server.value('tasks', id(1), 'title') === 'from the third tab');
    await until(() => tabs.every(({ engine }) => engine.status.waiting === 0));
    expect(server.requests.filter((path) => path.endsWith('push'))).toHaveLength(1);
    expect(server.lines).toBe(1);
    running[0]?.engine.stop();
    await running[0]?.done;
    await tabs[1]?.db.write(ada, [put(tasks, id(2), { title: 'the next tab took over' })]);
    await until(() => server.value('tasks', id(2), 'title'));
    expect(server.lines).toBe(1);
  });

  it('backs off with jitter while there is no network, and goes on when a person asks', async () => {
    server.loss = () => 'before';
    const a = await tab(profile(A), false);
    await until(() => a.engine.status.state === 'offline');
    const tried = () => server.requests.length;
    const first = tried();
    await a.db.write(ada, [put(tasks, id(1), { title: 'x' })]);
    await until(() => a.engine.status.waiting === 1);
    expect(tried()).toBe(first);
    await timers.advance(400);
    await until(() => tried() > first);
    for (let n = 0; n < 12; n++) {
      await until(() => timers.pending > 0);
      await timers.advance(60_000);
      await vi.waitFor(() => expect(tried()).toBeGreaterThan(first + n));
    }
    server.loss = () => 'none';
    a.engine.kick();
    await until(() => server.value('tasks', id(1), 'title') === 'x');
    await until(() => a.engine.status.state === 'synced' && a.engine.status.waiting === 0);
  });

  it('waits as long as the server asks', async () => {
    server.intercept = () => ({ ...refuse(429, 'rate_limited'), retryAfterMs: 90_000 }) as never;
    const a = await tab(profile(A), false);
    await until(() => a.engine.status.state === 'offline');
    server.intercept = () => undefined;
    const before = server.requests.length;
    await timers.advance(89_000);
    expect(server.requests.length).toBe(before);
    await timers.advance(2000);
    await until(() => a.engine.status.state === 'synced');
  });

  it('without the line a held poll brings the news; when polls are cut, it asks at intervals', async () => {
    const a = await tab(profile(A), false);
    const waits: unknown[] = [];
    server.intercept = (request) => {
      const { wait } = (request.body ?? {}) as { wait?: number };
      if (wait !== undefined) waits.push(wait);
      return undefined;
    };
    await until(() => waits.length > 2);
    expect(waits[0]).toBe(25);
    server.intercept = (request) => {
      const { wait } = (request.body ?? {}) as { wait?: number };
      return wait === undefined ? undefined : { ok: false, kind: 'network' };
    };
    await until(() => timers.pendingDelays.some((ms) => ms > 15_000 && ms <= 30_000));
    expect(a.engine.status.state).toBe('synced');
    await a.db.write(ada, [put(tasks, id(1), { title: 'sent at once all the same' })]);
    await until(() => server.value('tasks', id(1), 'title'));
  });

  it('keeps the queue and says so: the session ended, the version is too old', async () => {
    const a = await tab(profile(A));
    await until(() => a.engine.status.state === 'synced');
    server.signedIn = false;
    await a.db.write(ada, [put(tasks, id(1), { title: 'x' })]);
    await until(() => a.engine.status.signedOut);
    expect(a.engine.status).toMatchObject({ state: 'attention', waiting: 1 });
    server.signedIn = true;
    server.protocolMax = 2;
    a.engine.kick();
    await until(() => a.engine.status.upgradeRequired);
    expect(a.engine.status).toMatchObject({ state: 'attention', signedOut: false, waiting: 1 });
    server.protocolMax = 1;
    a.engine.kick();
    await until(() => server.value('tasks', id(1), 'title') === 'x');
    await until(() => a.engine.status.state === 'synced');
  });

  it('shows a refused change, and that the device clock is wrong', async () => {
    const wrong = profile(A);
    wrong.device.now += 3_600_000;
    const a = await tab(wrong);
    await until(() => a.engine.status.clockSkewMs === 3_600_000);
    await a.db.write({ ...ada, id: 'someone else' }, [put(tasks, id(1), { title: 'x' })]);
    await until(() => a.engine.status.refused === 1);
    await until(() => a.engine.status.state === 'attention');
    const [group] = await a.db.refused();
    await a.db.discardRefused(group?.n ?? 0);
    await until(() => a.engine.status.state === 'synced');
  });

  it('a line that falls silent is opened anew', async () => {
    await tab(profile(A));
    await until(() => server.lines === 1);
    await timers.advance(50_001);
    await until(() => server.lines === 0);
    await timers.advance(2000);
    await until(() => server.lines === 1);
  });

  it('compares the copies seldom, and when asked, and mends what differs', async () => {
    const a = await tab(profile(A));
    await a.db.write(ada, [put(tasks, id(1), { title: 'x' })]);
    await until(() => a.engine.status.state === 'synced' && server.value('tasks', id(1), 'title'));
    await until(async () => (await a.store.replica()).cursor === server.head);
    await a.db.database.rows('tasks').clear();
    expect(server.requests).not.toContain('/v1/sync/digest');
    a.engine.verifySoon();
    await until(async () => (await a.db.reader.get(tasks, id(1)))?.title === 'x');
  });

  it('a fault in the store is shown and tried again, and does not end the engine', async () => {
    const a = await tab(profile(A));
    await until(() => a.engine.status.state === 'synced');
    const broken = vi.spyOn(a.store, 'nextBatch').mockRejectedValueOnce(new Error('disk'));
    await a.db.write(ada, [put(tasks, id(1), { title: 'x' })]);
    await until(() => a.engine.status.problem !== null);
    broken.mockRestore();
    await timers.advance(60_000);
    await until(() => server.value('tasks', id(1), 'title') === 'x');
    await until(() => a.engine.status.problem === null);
  });
});
