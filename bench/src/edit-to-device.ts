// Dexie looks for IndexedDB when it is loaded, and observes nothing without.
import 'fake-indexeddb/auto';
import { setTimeout as sleep } from 'node:timers/promises';
import { observe } from '@manara/local-db/observe';
import { type LocalDb, openLocalDb } from '@manara/local-db/open-local-db';
import { browserSeams } from '@manara/local-db/seams';
import { DexieSyncStore } from '@manara/local-db/sync-store';
import { tables, toolByName } from '@manara/modules/registry';
import { createTodo } from '@manara/modules/todo/actions';
import { todos } from '@manara/modules/todo/schema';
import { createSyncEngine } from '@manara/sync-client/engine';
import { httpTransport } from '@manara/sync-client/http-transport';
import { browserPorts } from '@manara/sync-client/seams';
import { put } from '@manara/sync-core/write';
import { type Account, readAccount, signUp } from './account.ts';
import { latencyFigure } from './figure.ts';
import type { Bench, Measurement } from './measurement.ts';
import { openSolo } from './open-solo.ts';

/** Between two edits both devices come to rest, as between two edits of a person. */
const PAUSE_MS = 50;
/** An edit that is not there by then never will be. */
const ARRIVAL_MS_MAX = 20_000;
const WARM_UPS = 10;

export const editToDevice: Measurement = {
  name: 'edit-to-device',
  title: 'From an edit on one device to the same row on another (real server, live events, databases in memory)',
  async run(bench) {
    const edits = bench.quick ? 20 : 200;
    const solo = await openSolo(bench);
    const account = await signUp(solo.url);
    const [one, other] = [await openDevice(bench, account, 'one'), await openDevice(bench, account, 'other')];
    const [first] = createTodo(
      { title: 'Edit 0' },
      { newId: browserSeams().newId, nowMs: Date.now(), today: '2026-11-20' },
    );
    if (first === undefined) throw new Error('a todo is one write');
    const watch = watchTitle(bench, other, first.id);
    await write(one, account, first);
    await watch.arrival('Edit 0');

    const arrivalsMs: number[] = [];
    const roundTripsMs: number[] = [];
    for (let edit = 1; edit <= WARM_UPS + edits; edit++) {
      await sleep(PAUSE_MS);
      const asked = performance.now();
      await readAccount(account.url, account.token);
      const start = performance.now();
      await write(one, account, put(todos, first.id, { title: `Edit ${edit}` }));
      const arrived = await watch.arrival(`Edit ${edit}`);
      if (edit <= WARM_UPS) continue;
      roundTripsMs.push(start - asked);
      arrivalsMs.push(arrived - start);
    }
    return [
      latencyFigure('edit to the other device', arrivalsMs),
      latencyFigure('for comparison: one small signed-in request', roundTripsMs),
    ];
  },
};

/** A device as the app makes one: local copy, engine, event stream. */
async function openDevice(bench: Bench, account: Account, name: string): Promise<LocalDb> {
  const seams = browserSeams();
  const db = await openLocalDb({
    name,
    tables,
    tools: toolByName,
    origin: { kind: 'account', space: account.space, clientId: seams.newClientId() },
    seams,
  });
  const { peers, ...ports } = browserPorts();
  const engine = createSyncEngine({
    ...ports,
    name,
    peers: peers(name),
    store: new DexieSyncStore(db),
    transport: httpTransport({ baseUrl: account.url, fetch, timers: ports.timers, token: () => account.token }),
  });
  const running = engine.run();
  bench.keep(async () => {
    engine.stop();
    await running;
    db.close();
  });
  return db;
}

async function write(db: LocalDb, { actor }: Account, change: Parameters<LocalDb['write']>[1][number]): Promise<void> {
  const written = await db.write(actor, [change]);
  if (!written.ok) throw new Error(`refused: ${written.error.message}`);
}

/** Sees a todo's title as a page that shows it does, through a live query. */
function watchTitle(bench: Bench, db: LocalDb, id: string) {
  let seen: string | undefined;
  let tell: () => void = () => undefined;
  const subscription = observe(() => db.reader.get(todos, id)).subscribe((todo) => {
    seen = todo?.title;
    tell();
  });
  bench.keep(async () => subscription.unsubscribe());
  return {
    /** Resolves with the time at which the title was there. */
    async arrival(title: string): Promise<number> {
      const { promise, resolve, reject } = Promise.withResolvers<number>();
      const timer = setTimeout(() => reject(new Error(`"${title}" never arrived`)), ARRIVAL_MS_MAX);
      tell = () => {
        if (seen === title) resolve(performance.now());
      };
      tell();
      return promise.finally(() => clearTimeout(timer));
    },
  };
}
