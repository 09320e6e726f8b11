import { backoffMs } from '@manara/kernel/backoff';
import { isJsonObject, type JsonValue } from '@manara/kernel/json';
import type { Result } from '@manara/kernel/result';
import type { LiveEvent, RunEvent } from '@manara/protocol/live';
import { Exchange, POLL_WAIT_S } from './exchange.ts';
import type { SyncFault } from './fault.ts';
import { keepLive } from './live-line.ts';
import type { Clock, Counts, Locks, Peers, Random, SyncStore, Timers, Transport } from './ports.ts';
import { type Facts, INITIAL_STATUS, type SyncStatus, statusOf } from './sync-status.ts';
import { Wake } from './wake.ts';

/** With the line up, the server is asked anyway this often: a poke may be lost. */
const SAFETY_MS = 300_000;
/** How often to ask when neither the line nor a held poll gets through. */
const POLL_MS = 30_000;
/** Held polls that fail in a row before asking at intervals; one that works brings them back. */
const LONG_POLLS_FAILED_MAX = 2;
/** What a person must do comes first: sign in, reload. Until then the server is asked this seldom. */
const NEEDS_PERSON_MS = 600_000;
/** The digests of both copies are compared this long after the start, and then this often. */
const VERIFY_FIRST_MS = 600_000;
const VERIFY_MS = 21_600_000;

export interface EngineDeps {
  readonly store: SyncStore;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly locks: Locks;
  readonly peers: Peers;
  /** the database's name: one engine at work per database and browser profile */
  readonly name: string;
  /** a bug or a broken disk: told, and tried again later */
  readonly onError?: (error: unknown) => void;
  /** phases of runs, told live; in this tab and the others */
  readonly onRun?: (event: RunEvent) => void;
}

export interface SyncEngine {
  /** Starts; resolves when {@link SyncEngine.stop} has taken effect. */
  run(): Promise<void>;
  stop(): void;
  /** Tries now: the person asked, the network came back, a sign-in happened. */
  kick(): void;
  /** Compares both copies soon. */
  verifySoon(): void;
  readonly status: SyncStatus;
  /** Calls with the status now and whenever it changes. */
  subscribe(listener: (status: SyncStatus) => void): () => void;
}

export const createSyncEngine = (deps: EngineDeps): SyncEngine => new Engine(deps);

/**
 * Drives the exchange: one tab of a profile leads and works, the others show what it tells them. Everything that could
 * differ between two runs (clock, timers, chance, locks, network) comes through a port.
 */
class Engine implements SyncEngine {
  readonly #deps: EngineDeps;
  readonly #exchange: Exchange;
  readonly #wake: Wake;
  readonly #stop = new AbortController();
  readonly #listeners = new Set<(status: SyncStatus) => void>();
  #facts: Facts = { ...INITIAL_STATUS, working: true, offline: false };
  #status: SyncStatus = INITIAL_STATUS;
  #leads = false;
  #lineUp = false;
  #longPollsFailed = 0;
  #verifyAtMs: number;

  constructor(deps: EngineDeps) {
    this.#deps = deps;
    this.#wake = new Wake(deps.timers);
    this.#verifyAtMs = deps.clock.mono() + VERIFY_FIRST_MS;
    this.#exchange = new Exchange({
      store: deps.store,
      transport: deps.transport,
      clock: deps.clock,
      onSkew: (clockSkewMs) => this.#know({ clockSkewMs }),
    });
  }

  get status(): SyncStatus {
    return this.#status;
  }

  subscribe(listener: (status: SyncStatus) => void): () => void {
    this.#listeners.add(listener);
    listener(this.#status);
    return () => this.#listeners.delete(listener);
  }

  stop(): void {
    this.#stop.abort();
    this.#wake.wake('stop');
  }

  kick(): void {
    this.#wake.wake('urgent');
    if (!this.#leads) this.#deps.peers.post({ kind: 'kick' });
  }

  verifySoon(): void {
    this.#verifyAtMs = this.#deps.clock.mono();
    this.kick();
  }

  async run(): Promise<void> {
    const { locks, peers, store, name } = this.#deps;
    const unlisten = peers.listen((message) => this.#hear(message));
    const unwatch = store.watch((counts) => this.#counted(counts));
    peers.post({ kind: 'hello' });
    await locks.hold(name, () => this.#lead(), this.#stop.signal);
    unwatch();
    unlisten();
  }

  async #lead(): Promise<void> {
    this.#leads = true;
    const { transport, timers, random } = this.#deps;
    const line = keepLive(
      {
        transport,
        timers,
        random,
        onEvent: (event) => this.#poked(event),
        onLine: (up) => this.#lineChanged(up),
      },
      this.#stop.signal,
    );
    for (let attempt = 0; !this.#stop.signal.aborted; ) {
      this.#wake.clear();
      const result = await this.#guarded();
      if (result.ok) attempt = 0;
      if (this.#stop.signal.aborted) break;
      const next = result.ok ? await this.#rest() : result;
      if (!next.ok) await this.#backOff(next.error, attempt++);
    }
    await line;
    this.#leads = false;
  }

  /** A store that throws (a database that another tab upgrades, say) must not end the session's sync. */
  async #guarded(): Promise<Result<void, SyncFault>> {
    try {
      return await this.#round();
    } catch (error) {
      this.#deps.onError?.(error);
      const message = 'the local database could not be used';
      return { ok: false, error: { kind: 'refused', code: 'local', message, expected: null } };
    }
  }

  async #round(): Promise<Result<void, SyncFault>> {
    const { store, clock } = this.#deps;
    const counts = await store.counts();
    this.#know({ ...counts, working: counts.waiting > 0 || this.#facts.lastSyncAt === null || this.#facts.offline });
    const result = await this.#exchange.round(this.#stop.signal);
    if (!result.ok) return result;
    this.#wentWell();
    if (clock.mono() >= this.#verifyAtMs) {
      this.#verifyAtMs = clock.mono() + VERIFY_MS;
      const mended = await this.#exchange.verify(this.#stop.signal);
      if (!mended.ok) return mended;
      if (mended.value !== null && mended.value > 0) return this.#exchange.round(this.#stop.signal);
    }
    return result;
  }

  #wentWell(): void {
    const wall = this.#deps.clock.wall();
    const fine = { working: false, offline: false, upgradeRequired: false, signedOut: false, removed: false };
    this.#know({ ...fine, problem: null, lastSyncAt: wall });
  }

  /** Until there is a reason for another round. Without the line, a held poll waits for the server's news. */
  async #rest(): Promise<Result<void, SyncFault>> {
    const reasons = ['change', 'heads', 'urgent'] as const;
    const untilVerify = Math.max(0, this.#verifyAtMs - this.#deps.clock.mono());
    if (this.#lineUp) {
      await this.#wake.wait(Math.min(SAFETY_MS, untilVerify), reasons);
      return { ok: true, value: undefined };
    }
    if (this.#longPollsFailed >= LONG_POLLS_FAILED_MAX) {
      await this.#wake.wait(backoffMs(0, this.#deps.random(), POLL_MS, POLL_MS), reasons);
      this.#longPollsFailed = LONG_POLLS_FAILED_MAX - 1;
      return { ok: true, value: undefined };
    }
    return this.#longPoll(reasons);
  }

  async #longPoll(reasons: readonly ('change' | 'heads' | 'urgent')[]): Promise<Result<void, SyncFault>> {
    const poll = new AbortController();
    const stop = (): void => poll.abort();
    this.#stop.signal.addEventListener('abort', stop, { once: true });
    const woken = this.#wake.wait(null, [...reasons, 'time']);
    const polled = this.#exchange.pull(poll.signal, POLL_WAIT_S).then((result) => {
      this.#wake.wake('time');
      return result;
    });
    await woken;
    // A local change does not wait for the answer: the poll is given up, and the round that follows pulls anyway.
    poll.abort();
    const result = await polled;
    this.#stop.signal.removeEventListener('abort', stop);
    const givenUp = !result.ok && result.error.kind === 'stopped';
    if (result.ok) this.#longPollsFailed = 0;
    else if (!givenUp) this.#longPollsFailed++;
    // A poll that was cut (a proxy's limit, say) is no proof of being offline: the next round will tell.
    return { ok: true, value: undefined };
  }

  async #backOff(fault: SyncFault, attempt: number): Promise<void> {
    const { random } = this.#deps;
    if (fault.kind === 'stopped') return;
    const problem = 'message' in fault ? { code: fault.code, message: fault.message } : null;
    this.#know({
      working: false,
      offline: fault.kind === 'offline' || fault.kind === 'busy',
      upgradeRequired: fault.kind === 'upgrade',
      signedOut: fault.kind === 'signedOut',
      removed: fault.kind === 'removed',
      problem,
    });
    const needsPerson = fault.kind === 'upgrade' || fault.kind === 'signedOut' || fault.kind === 'removed';
    const asked = fault.kind === 'busy' ? (fault.retryAfterMs ?? 0) : 0;
    const ms = needsPerson ? NEEDS_PERSON_MS : Math.max(asked, backoffMs(attempt, random()));
    // Neither a local change nor a poke makes the server reachable; a person who asks, or the network's return, does.
    await this.#wake.wait(ms, ['urgent']);
  }

  #lineChanged(up: boolean): void {
    if (up === this.#lineUp) return;
    this.#lineUp = up;
    // up: whoever waits in a back-off or a held poll may use it at once; down: the rest must be of the other kind
    this.#wake.wake(up ? 'urgent' : 'heads');
  }

  #poked(event: LiveEvent): void {
    if (event.event === 'heads') {
      this.#deps.store.replica().then(
        ({ space, cursor }) => {
          if ((event.data[space] ?? 0) !== cursor) this.#wake.wake('heads');
          else if (this.#status.state === 'synced') this.#know({ lastSyncAt: this.#deps.clock.wall() });
        },
        () => undefined,
      );
    } else if (event.event === 'run') {
      this.#deps.onRun?.(event.data);
      this.#deps.peers.post({ kind: 'run', event: event.data as unknown as JsonValue });
    }
  }

  #counted(counts: Counts): void {
    const more = counts.waiting > 0;
    this.#know(counts);
    if (more && this.#leads) this.#wake.wake('change');
  }

  #know(facts: Partial<Facts>): void {
    this.#facts = { ...this.#facts, ...facts };
    if (this.#leads) this.#show(statusOf(this.#facts));
  }

  #show(status: SyncStatus): void {
    if (JSON.stringify(status) === JSON.stringify(this.#status)) return;
    this.#status = status;
    if (this.#leads) this.#deps.peers.post({ kind: 'status', status: status as unknown as JsonValue });
    for (const listener of this.#listeners) listener(status);
  }

  #hear(message: unknown): void {
    if (!isJsonObject(message)) return;
    if (message.kind === 'run') this.#deps.onRun?.(message.event as unknown as RunEvent);
    else if (this.#leads) {
      if (message.kind === 'kick') this.#wake.wake('urgent');
      if (message.kind === 'hello') {
        this.#deps.peers.post({ kind: 'status', status: this.#status as unknown as JsonValue });
      }
    } else if (message.kind === 'status') {
      const status = message.status as unknown as SyncStatus;
      const { state: _, ...facts } = status;
      this.#facts = { ...this.#facts, ...facts };
      this.#show(status);
    }
  }
}
