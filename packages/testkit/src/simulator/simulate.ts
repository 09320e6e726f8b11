import { canonicalJson } from '@manara/kernel/canonical-json';
import { DexieSyncStore } from '@manara/local-db/sync-store';
import { RUNNER_ACTOR } from '@manara/sync-core/actor';
import { newClock, tick } from '@manara/sync-core/clock';
import type { Op, WireCell } from '@manara/sync-core/wire-op';
import type { Write } from '@manara/sync-core/write';
import { type Canary, type CanaryName, canaries } from './canaries.ts';
import { Chance } from './chance.ts';
import { drawFaults, type Faults, TROUBLE_MS } from './faults.ts';
import { Journal, type Violation } from './journal.ts';
import type { Commit } from './memory-database.ts';
import { checkFinalState, checkStaging, type FinalState } from './oracles.ts';
import { Scheduler } from './scheduler.ts';
import { SimDevice } from './sim-device.ts';
import { SimNetwork } from './sim-network.ts';
import { MemorySimServer, type SimServer } from './sim-server.ts';
import { Trace } from './trace.ts';
import { actOnce, approvedAndNotRun, runWhatIsApproved, type WorkloadWorld } from './workload.ts';

/** What the right time is when a run begins. */
const START_MS = Date.UTC(2026, 10, 20, 8);
/** Within this time after everything was healed, all must have arrived everywhere. */
const HEALED_MS = 400_000;
/** Digests cost more than all the rest of the checks, and say what a comparison of all cells has said: not in every run. */
const DIGEST_EVERY = 8;
const RUNNER_CLIENT = 'eeeeeeeeeeeeeeee';
const CLIENTS = ['aaaaaaaaaaaaaaaa', 'bbbbbbbbbbbbbbbb', 'cccccccccccccccc', 'dddddddddddddddd'];

export interface RunOptions {
  readonly canary?: CanaryName | null;
  readonly server?: SimServer;
  readonly keepTrace?: boolean;
}

export interface RunResult {
  readonly seed: number;
  readonly faults: Faults;
  readonly violations: readonly Violation[];
  /** of everything that happened on the network and the devices, in order */
  readonly traceHash: string;
  /** of what the server held in the end */
  readonly stateHash: string;
  readonly events: number;
  /** how often things worth trying happened */
  readonly seen: ReadonlyMap<string, number>;
  readonly trace: readonly string[];
}

/** Runs one world to its end. The same seed gives the same run. */
export async function simulate(seed: number, options: RunOptions = {}): Promise<RunResult> {
  const world = new World(seed, options);
  await world.run();
  return world.result();
}

class World {
  readonly #seed: number;
  readonly #faults: Faults;
  readonly #chance: Chance;
  readonly #scheduler = new Scheduler();
  readonly #journal = new Journal();
  readonly #trace: Trace;
  readonly #canary: Canary | null;
  readonly #server: SimServer;
  readonly #network: SimNetwork;
  readonly #devices: readonly SimDevice[];
  readonly #workload: WorkloadWorld;
  #runnerClock = newClock(RUNNER_CLIENT);
  #groups = 0;
  #serverKnows = new Map<string, string[]>();
  #stateHash = '';

  constructor(seed: number, options: RunOptions) {
    this.#seed = seed;
    const chance = new Chance(Math.imul(seed, 0x9e3779b1) ^ 0x5eed);
    this.#chance = chance;
    this.#faults = drawFaults(chance.fork());
    this.#trace = new Trace(options.keepTrace ?? false);
    const canary = options.canary ? canaries[options.canary] : null;
    this.#canary = canary;
    this.#server = options.server ?? new MemorySimServer(canary);
    const trace = (who: string, what: string): void => this.#trace.add(this.#scheduler.nowMs, who, what);
    this.#network = new SimNetwork({
      server: this.#server,
      scheduler: this.#scheduler,
      chance: chance.fork(),
      faults: this.#faults,
      serverMs: () => this.#serverMs(),
      trace,
      count: (what) => this.#journal.count(what),
    });
    this.#devices = this.#faults.clocks.map((clock, n) => {
      const name = `device-${'abcd'[n]}`;
      return new SimDevice({
        name,
        clientId: CLIENTS[n] ?? '',
        space: this.#server.space,
        account: this.#server.account,
        startMs: START_MS,
        clock,
        chance: chance.fork(),
        scheduler: this.#scheduler,
        journal: this.#journal,
        canary,
        connect: (session) => this.#network.connect(name, session),
        onCommit: (device, commit) => this.#committed(device, commit),
        trace: (what) => trace(name, what),
      });
    });
    this.#workload = {
      chance: chance.fork(),
      devices: this.#devices,
      serverMs: () => this.#serverMs(),
      runnerWrites: (writes) => this.#runnerWrites(writes),
      serverIds: (table) => this.#serverKnows.get(table) ?? [],
      after: (ms, run) => void this.#scheduler.after(ms, run),
      count: (what) => this.#journal.count(what),
    };
  }

  #serverMs(): number {
    return START_MS + this.#scheduler.nowMs;
  }

  async run(): Promise<void> {
    try {
      this.#plan();
      await this.#scheduler.runUntil(TROUBLE_MS);
      await this.#heal();
      await this.#check();
    } catch (error) {
      this.#journal.violated('no-exception', error instanceof Error ? (error.stack ?? error.message) : String(error));
    }
    for (const device of this.#devices) device.kill();
  }

  result(): RunResult {
    return {
      seed: this.#seed,
      faults: this.#faults,
      violations: this.#journal.violations,
      traceHash: this.#trace.hash,
      stateHash: this.#stateHash,
      events: this.#scheduler.events,
      seen: this.#journal.seen,
      trace: this.#trace.lines ?? [],
    };
  }

  /** Lays out what people do and what goes wrong. */
  #plan(): void {
    const { actions, partitions, kills, serverRestarts } = this.#faults;
    const [chance, scheduler] = [this.#chance, this.#scheduler];
    const someDevice = (): SimDevice => chance.pick(this.#devices) as SimDevice;
    const at = (): number => chance.between(1_000, TROUBLE_MS - 5_000);
    for (const device of this.#devices) scheduler.after(chance.between(0, 2_000), () => device.start());
    for (let n = 0; n < actions; n++) scheduler.after(at(), () => actOnce(this.#workload));
    for (let n = 0; n < partitions; n++) {
      const { name } = someDevice();
      const kind = chance.odds(0.7) ? 'both' : 'replies';
      const from = at();
      scheduler.after(from, () => {
        this.#journal.count('partition');
        this.#network.partition(name, kind);
      });
      scheduler.after(from + chance.between(1_000, 40_000), () => this.#network.partition(name, null));
    }
    for (let n = 0; n < kills; n++) {
      const device = someDevice();
      const atOnce = chance.odds(0.3);
      const operations = chance.between(0, 40);
      const from = at();
      scheduler.after(from, () => {
        if (!device.alive) return;
        this.#journal.count('killed');
        if (atOnce) device.kill();
        else device.killSoon(operations);
      });
      scheduler.after(from + chance.between(1, 10_000), () => {
        if (!device.alive) device.start();
      });
    }
    for (let n = 0; n < serverRestarts; n++) {
      const from = at();
      scheduler.after(from, () => {
        this.#journal.count('server restart');
        this.#network.serverDown(true);
      });
      scheduler.after(from + chance.between(100, 8_000), () => this.#network.serverDown(false));
    }
  }

  async #heal(): Promise<void> {
    this.#trace.add(this.#scheduler.nowMs, 'world', 'heals');
    this.#network.heal();
    for (const device of this.#devices) {
      device.kill();
      device.start();
    }
    await this.#quiet();
    const [first] = this.#devices;
    if (first !== undefined) void runWhatIsApproved(first).catch(first.failed);
    await this.#scheduler.runUntil(this.#scheduler.nowMs + 10);
    await this.#quiet();
  }

  /** Waits until nothing waits any more. */
  async #quiet(): Promise<void> {
    const done = (): boolean => this.#devices.every((device) => device.isQuiet(this.#server.head));
    const drained = await this.#scheduler.runUntil(this.#scheduler.nowMs + HEALED_MS, done);
    // what is under way (a duplicate, an old poke) arrives as well, and changes nothing
    if (drained) await this.#scheduler.runUntil(this.#scheduler.nowMs + 15_000);
    if (drained && done()) return;
    for (const device of this.#devices) {
      if (device.isQuiet(this.#server.head)) continue;
      const left = ['$outbox', '$batch', '$repairs'].map((name) => `${name} ${device.disk.rows(name).length}`);
      this.#journal.violated(
        'drained',
        `${device.name} ${left.join(' ')}, ${JSON.stringify(device.disk.rows('$state'))}`,
      );
    }
  }

  async #check(): Promise<void> {
    const state: FinalState = {
      devices: this.#devices,
      log: await this.#server.log(),
      records: await this.#server.records(),
      journal: this.#journal,
    };
    checkFinalState(state);
    await checkStaging(state);
    for (const device of this.#devices.filter((one) => one.alive)) {
      for (const step of await approvedAndNotRun(device)) {
        this.#journal.violated('one-effect', `${device.name}: step ${step} stands approved and was not run`);
      }
    }
    if (this.#seed % DIGEST_EVERY === 0 || this.#canary !== null) await this.#checkDigests();
    const lines = [...state.records].flatMap(([key, { cells, seq }]) =>
      Object.entries(cells).map(
        ([field, { value, stamp }]) => `${key}|${field} ${seq} ${stamp} ${canonicalJson(value)}`,
      ),
    );
    const hash = new Trace(false);
    for (const line of lines.sort()) hash.add(0, 'server', line);
    this.#stateHash = hash.hash;
  }

  async #checkDigests(): Promise<void> {
    const { space, head } = this.#server;
    const reply = await this.#server.handle('/v1/sync/digest', { space }, this.#serverMs());
    const server = reply.ok ? (reply.body as { digest: string }).digest : 'none';
    for (const device of this.#devices) {
      if (!device.alive) continue;
      const local = await new DexieSyncStore(device.db).digest(head, {});
      if (local?.digest !== server)
        this.#journal.violated('digest', `${device.name} ${local?.digest}, server ${server}`);
    }
  }

  /** The runner's ops, stamped as the runner stamps them, accepted in a transaction of its own. */
  async #runnerWrites(writes: readonly Write[]): Promise<void> {
    const group = `00000000-0000-4000-8000-${String(++this.#groups).padStart(12, '0')}`;
    const ops = writes.map((write): Op => {
      const cells = Object.entries(write.set ?? {}).map(([name, value]): [string, WireCell] => {
        const { clock, stamp } = tick(this.#runnerClock, this.#serverMs());
        this.#runnerClock = clock;
        return [name, [value, stamp]];
      });
      const { table, id } = write;
      return { space: this.#server.space, table, id, group, fields: Object.fromEntries(cells), actor: RUNNER_ACTOR };
    });
    for (const { table, id } of writes) this.#serverKnows.set(table, [...(this.#serverKnows.get(table) ?? []), id]);
    this.#scheduler.after(0, async () => {
      await this.#server.writeAsSystem(RUNNER_CLIENT, ops, this.#serverMs());
      this.#trace.add(this.#scheduler.nowMs, 'runner', `wrote ${ops.length}, head ${this.#server.head}`);
      this.#network.poke();
    });
  }

  #committed(device: SimDevice, { changes }: Commit): void {
    const queued: Op[] = [];
    for (const { store, before, after } of changes) {
      if (store === '$outbox' && after !== undefined) queued.push(...(after.ops as Op[]));
      if (store === '$state' && after?.key === 'cursor') this.#moved(device, before?.at as number, after.at as number);
    }
    this.#trace.add(this.#scheduler.nowMs, device.name, `commit ${changes.length} ${queued.length}`);
    if (queued.length > 0) this.#journal.queued(device.name, queued);
  }

  /** A cursor that moved: it only rises here (nothing resets), and what lies below it must have arrived. */
  #moved(device: SimDevice, from: number, to: number): void {
    if (to < from) this.#journal.violated('cursor', `${device.name} went back from ${from} to ${to}`);
    const records = this.#server.peek();
    if (records === null || to === from) return;
    for (const [key, { cells, seq }] of records) {
      if (seq <= from || seq > to) continue;
      const [table, id] = key.split('|') as [string, string];
      const stamps = device.disk.store(table).rows.get(JSON.stringify(id))?.$stamps as
        | Record<string, string>
        | undefined;
      for (const [field, { stamp }] of Object.entries(cells)) {
        if ((stamps?.[field] ?? '') >= stamp) continue;
        this.#journal.violated('cursor', `${device.name} is at ${to} and lacks ${key}|${field} of ${seq}`);
      }
    }
  }
}
