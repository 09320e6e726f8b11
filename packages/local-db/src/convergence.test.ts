import type { Cells } from '@manara/sync-core/record';
import { put, remove, restore } from '@manara/sync-core/write';
import { ada, claims, facts, fakeDevice, id, SPACE, tasks, testTables } from '@manara/testkit/fake-device';
import { FakeSyncServer } from '@manara/testkit/fake-sync-server';
import { type SyncedDevice, syncedDevice } from '@manara/testkit/synced-device';
import { describe, expect, it } from 'vitest';
import { eachRecord } from './records.ts';

/** mulberry32: the same seed gives the same run. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const SEEDS = Number(process.env.MANARA_SEEDS ?? 12);
const FIRST = Number(process.env.MANARA_SEED ?? 1);
const STEPS = 40;
const CLIENTS = ['aaaaaaaaaaaaaaaa', 'bbbbbbbbbbbbbbbb', 'cccccccccccccccc'];

interface World {
  readonly server: FakeSyncServer;
  readonly devices: SyncedDevice[];
  readonly random: () => number;
  epochs: number;
  /** whether this run's server is restored from backups at times */
  readonly restores: boolean;
}

async function run(seed: number): Promise<void> {
  const random = chance(seed);
  const server = new FakeSyncServer({ space: SPACE, userId: 'ada', tables: testTables });
  const devices = await Promise.all(
    CLIENTS.map(async (clientId, n) => {
      const device = fakeDevice();
      // one right clock, one a few minutes off, one far off
      device.now += n === 1 ? (random() - 0.5) * 600_000 : n === 2 && random() < 0.5 ? 86_400_000 * 300 : 0;
      return syncedDevice(server, { clientId, device });
    }),
  );
  const world: World = { server, devices, random, epochs: 1, restores: random() < 0.3 };
  server.loss = (path) => (random() < 0.15 ? 'before' : random() < 0.15 && path.endsWith('push') ? 'after' : 'none');
  for (let n = 0; n < STEPS; n++) await step(world);
  server.loss = () => 'none';
  for (let round = 0; round < 4; round++) {
    for (const device of devices) expect(await device.sync()).toEqual({ ok: true, value: undefined });
  }
  await check(world);
}

const pick = <T>(random: () => number, items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;

async function step(world: World): Promise<void> {
  const { random, server, devices } = world;
  server.nowMs += 1000;
  for (const device of devices) device.device.now += 1000;
  const at = Math.floor(random() * devices.length);
  const device = devices[at] as SyncedDevice;
  const dice = random();
  if (dice < 0.55) await edit(device, random);
  else if (dice < 0.9) await device.sync();
  else if (dice < 0.95) {
    // the tab is killed and opened again
    device.db.close();
    devices[at] = await syncedDevice(server, { clientId: CLIENTS[at] ?? '', device: device.device });
  } else if (dice < 0.97) await device.store.nextBatch();
  else if (world.restores) {
    const back = server.backup();
    await devices[0]?.sync();
    back();
    server.newEpoch(`epoch-${++world.epochs}`);
  }
}

async function edit(device: SyncedDevice, random: () => number): Promise<void> {
  const target = id(Math.floor(random() * 5));
  const text = `${device.db.clientId.slice(0, 1)}${Math.floor(random() * 1000)}`;
  const writes = pick(random, [
    [put(tasks, target, { title: text })],
    [put(tasks, target, { body: text, done: random() < 0.5 })],
    [remove(tasks, target)],
    [restore(tasks, target)],
    [
      put(
        facts,
        device.device.seams.newId().replace(
          /^..../,
          text
            .padEnd(4, '0')
            .replace(/[^0-9a-f]/g, '0')
            .slice(0, 4),
        ),
        { text },
      ),
    ],
    [put(claims, target, { owner: device.db.clientId }), put(tasks, target, { title: `claimed ${text}` })],
  ]);
  const result = await device.db.write(ada, writes);
  // a claim that is known to be taken, or a fact that stands, is refused where it is written
  if (!result.ok) expect(['taken', 'immutable']).toContain(result.error.code);
}

const plain = (cells: Cells) =>
  Object.fromEntries(Object.entries(cells).map(([name, cell]) => [name, [cell.value, cell.stamp]]));

async function check({ server, devices, restores }: World): Promise<void> {
  const want = Object.fromEntries([...server.state()].map(([key, cells]) => [key, plain(cells)]));
  for (const { db, store, exchange } of devices) {
    const have = (await eachRecord(db.database)).map((record) => [`${record.table}|${record.id}`, plain(record.cells)]);
    expect(Object.fromEntries(have)).toEqual(want);
    expect(await store.counts()).toMatchObject({ waiting: 0 });
    // only what a restored server cannot take back from a device that it had not known is ever refused here
    if (!restores) expect(await db.refused()).toEqual([]);
    expect(await exchange.verify(new AbortController().signal)).toEqual({ ok: true, value: 0 });
    const { clock } = await db.database.replica();
    expect(clock.ms).toBeLessThan(server.nowMs + 120_000);
  }
}

describe('devices on a bad network, with wrong clocks, killed tabs and restores', () => {
  for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
    it(`converge and lose nothing: MANARA_SEEDS=1 MANARA_SEED=${seed}`, () => run(seed), 20_000);
  }
});
