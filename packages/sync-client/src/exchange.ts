import { err, ok, type Result } from '@manara/kernel/result';
import { PROTOCOL_VERSION } from '@manara/protocol/version';
import { batchRemedy } from '@manara/sync-core/outbox';
import { faultOf, MALFORMED, type SyncFault } from './fault.ts';
import type { Clock, DigestScope, SyncStore, Transport } from './ports.ts';
import { readDigestReply, readGetReply, readMeReply, readPullReply, readPushReply } from './read-reply.ts';
import { skewOf } from './sync-status.ts';

/** An ordinary answer comes within this. */
const ANSWER_MS_MAX = 30_000;
/** Seconds that a long poll asks to be held, and what is waited for the answer at most. */
export const POLL_WAIT_S = 25;
const POLL_ANSWER_MS_MAX = 35_000;
/** Records of one page, and of one on a line that cut the last: what has come through is not asked for again. */
const PAGE_RECORDS = 1000;
const PAGE_RECORDS_MIN = 25;
/** Remedies in one round; more means that server and client do not understand each other: back off. */
const REMEDIES_MAX = 20;

export interface ExchangeDeps {
  readonly store: SyncStore;
  readonly transport: Transport;
  readonly clock: Clock;
  /** told with every answer that says the server's time */
  readonly onSkew: (skewMs: number) => void;
}

type Step<T> = Promise<Result<T, SyncFault>>;

/** The conversation with the server, step by step. Knows no timers, tabs or retries: those are the engine's. */
export class Exchange {
  readonly #deps: ExchangeDeps;
  #pageRecords = PAGE_RECORDS;

  constructor(deps: ExchangeDeps) {
    this.#deps = deps;
  }

  /** One whole round: what the server has, then what waits here, until neither has anything for the other. */
  async round(signal: AbortSignal): Step<void> {
    const known = await this.#knowEpoch(signal);
    if (!known.ok) return known;
    // First what others wrote: a text that lost to it while it waited here is noticed, and conflicts are fewer.
    const pulled = await this.pull(signal);
    if (!pulled.ok) return pulled;
    let behind = false;
    for (let remedies = 0; remedies <= REMEDIES_MAX; ) {
      const repaired = await this.#repair(signal);
      if (!repaired.ok) return repaired;
      const pushed = await this.#push(signal);
      if (!pushed.ok) return pushed;
      if (pushed.value === 'remedied') remedies++;
      if (pushed.value === 'empty' && !behind) return ok(undefined);
      // own writes come back once, when the queue is empty, and not after every batch of a long one
      const pull = pushed.value === 'remedied' || pushed.value === 'empty';
      behind = !pull && (behind || pushed.value === 'behind');
      const next = pull ? await this.pull(signal) : ok(undefined);
      if (!next.ok) return next;
    }
    return err({ kind: 'busy', code: 'internal', message: 'the server keeps refusing the queue', retryAfterMs: null });
  }

  async #knowEpoch(signal: AbortSignal): Step<void> {
    if ((await this.#deps.store.replica()).epoch !== null) return ok(undefined);
    const me = await this.#ask('GET', '/v1/me', undefined, signal, readMeReply);
    if (me.ok) await this.#deps.store.learnEpoch(me.value.epoch);
    return me.ok ? ok(undefined) : me;
  }

  /** Pages until the head. `wait`: the first answer may be held that many seconds. */
  async pull(signal: AbortSignal, wait?: number): Step<void> {
    for (let first = true; ; first = false) {
      const replica = await this.#deps.store.replica();
      const reply = await this.#ask(
        'POST',
        '/v1/sync/pull',
        {
          protocol: PROTOCOL_VERSION,
          client: replica.client,
          epoch: replica.epoch ?? '',
          cursors: { [replica.space]: replica.cursor },
          limit: this.#pageRecords,
          ...(first && wait !== undefined ? { wait } : {}),
        },
        signal,
        readPullReply,
        first && wait !== undefined ? POLL_ANSWER_MS_MAX : ANSWER_MS_MAX,
      );
      if (!reply.ok) {
        const remedied = await this.#pullRefused(reply.error);
        if (remedied) continue;
        if (reply.error.kind === 'offline') {
          this.#pageRecords = Math.max(PAGE_RECORDS_MIN, Math.floor(this.#pageRecords / 2));
        }
        return reply;
      }
      this.#pageRecords = Math.min(PAGE_RECORDS, this.#pageRecords * 2);
      // Nothing may be sent either: it would go out in another account's name.
      if (reply.value.removed.includes(replica.space)) return err({ kind: 'removed' });
      const page = reply.value.spaces[replica.space];
      if (page === undefined) return ok(undefined);
      const applied = await this.#deps.store.applyPage(page, reply.value.epoch);
      if (!applied.ok) return err({ ...MALFORMED, message: applied.error });
      if (!page.more) return ok(undefined);
      if (page.records.length === 0) return err({ ...MALFORMED, message: 'a page says more and holds nothing' });
    }
  }

  /** A head before our cursor: the server lost what we have read, without saying so by its epoch. */
  async #pullRefused(fault: SyncFault): Promise<boolean> {
    if (fault.kind !== 'refused' || fault.code !== 'cursor_ahead') return false;
    await this.#deps.store.beginRecovery(null);
    return true;
  }

  async #repair(signal: AbortSignal): Step<void> {
    for (const request of await this.#deps.store.repairs()) {
      const { space, table, ids } = request;
      const reply = await this.#ask('POST', '/v1/sync/get', { space, table, ids }, signal, readGetReply);
      // a space that may not be read has no values to give
      const nothing = !reply.ok && reply.error.kind === 'refused' && reply.error.code === 'not_found';
      if (!reply.ok && !nothing) return reply;
      await this.#deps.store.repair(request, reply.ok ? reply.value.records : []);
    }
    return ok(undefined);
  }

  async #push(signal: AbortSignal): Step<'empty' | 'sent' | 'behind' | 'remedied'> {
    const stored = await this.#deps.store.nextBatch();
    if (stored === null) return ok('empty');
    const { client, epoch, batch } = stored;
    const reply = await this.#ask(
      'POST',
      '/v1/sync/push',
      { protocol: PROTOCOL_VERSION, client, epoch, batch },
      signal,
      (body) => readPushReply(body, batch.ops.length),
    );
    if (!reply.ok) return this.#pushRefused(reply.error, batch.seq, signal);
    if (reply.value.results.some((verdict) => verdict.status === 'rejected' && verdict.code === 'forbidden_space')) {
      const ours = await this.#confirmOurs(signal);
      if (!ours.ok) return ours;
    }
    await this.#deps.store.settle(client, reply.value);
    const { space, cursor } = await this.#deps.store.replica();
    return ok((reply.value.heads[space] ?? 0) > cursor ? 'behind' : 'sent');
  }

  /**
   * The session may have become another account's between a pull and a push. What the server then says of the batch
   * (forbidden, a seq it does not know) is about that account, and this queue waits as it is for its own.
   */
  async #confirmOurs(signal: AbortSignal): Step<void> {
    const me = await this.#ask('GET', '/v1/me', undefined, signal, readMeReply);
    if (!me.ok) return me;
    const { space } = await this.#deps.store.replica();
    return me.value.spaces.some(({ id }) => id === space) ? ok(undefined) : err({ kind: 'removed' });
  }

  async #pushRefused(fault: SyncFault, seq: number, signal: AbortSignal): Step<'remedied'> {
    const remedy = fault.kind === 'refused' ? batchRemedy(fault.code) : null;
    if (fault.kind !== 'refused' || remedy === null) return err(fault);
    if (remedy !== 'isolate') {
      const ours = await this.#confirmOurs(signal);
      if (!ours.ok) return ours;
    }
    if (remedy === 'isolate') await this.#deps.store.refuseBatch(seq, fault.code, fault.message);
    else if (remedy === 'renode') await this.#deps.store.renode(seq);
    // A new epoch arrives with the next pull, and everything from the start with it.
    else if (fault.code === 'batch_gap') await this.#deps.store.beginRecovery(Math.max(0, (fault.expected ?? 1) - 1));
    return ok('remedied');
  }

  /**
   * Compares this copy with the server's, down to the record, and mends what differs.
   * @returns how many records were mended; null when something waits or the head moved, so that nothing can be said
   */
  async verify(signal: AbortSignal): Step<number | null> {
    const { space } = await this.#deps.store.replica();
    const tables = await this.#differing(space, {}, signal);
    if (!tables.ok) return tables;
    if (tables.value === null) return ok(null);
    let mended = 0;
    for (const table of tables.value) {
      const ids = await this.#differingIds(space, table, signal);
      if (!ids.ok) return ids;
      if (ids.value === null) return ok(null);
      for (let at = 0; at < ids.value.length; at += 500) {
        const some = ids.value.slice(at, at + 500);
        const reply = await this.#ask('POST', '/v1/sync/get', { space, table, ids: some }, signal, readGetReply);
        if (!reply.ok) return reply;
        await this.#deps.store.mend(table, some, reply.value.records);
        mended += some.length;
      }
    }
    return ok(mended);
  }

  async #differingIds(space: string, table: string, signal: AbortSignal): Step<readonly string[] | null> {
    const prefixes = await this.#differing(space, { table }, signal);
    if (!prefixes.ok || prefixes.value === null) return prefixes;
    const ids: string[] = [];
    for (const prefix of prefixes.value) {
      const some = await this.#differing(space, { table, prefix }, signal);
      if (!some.ok || some.value === null) return some;
      ids.push(...some.value);
    }
    return ok(ids);
  }

  /** The parts of a scope in which the two copies differ; null when they cannot be compared now. */
  async #differing(space: string, scope: DigestScope, signal: AbortSignal): Step<readonly string[] | null> {
    const reply = await this.#ask('POST', '/v1/sync/digest', { space, ...scope }, signal, readDigestReply);
    if (!reply.ok) return reply;
    const local = await this.#deps.store.digest(reply.value.head, scope);
    if (local === null) return ok(null);
    if (local.digest === reply.value.digest) return ok([]);
    const names = new Set([...Object.keys(local.parts), ...Object.keys(reply.value.parts)]);
    return ok([...names].filter((name) => local.parts[name] !== reply.value.parts[name]).sort());
  }

  async #ask<T>(
    method: 'GET' | 'POST',
    path: string,
    body: object | undefined,
    signal: AbortSignal,
    read: (body: unknown) => T | null,
    timeoutMs = ANSWER_MS_MAX,
  ): Step<T> {
    const { transport, clock } = this.#deps;
    const sentMs = clock.mono();
    const reply = await transport.send({ method, path, timeoutMs, signal, ...(body === undefined ? {} : { body }) });
    if (signal.aborted) return err({ kind: 'stopped' });
    if (!reply.ok) return err(faultOf(reply));
    const value = read(reply.body);
    if (value === null) return err(MALFORMED);
    const serverMs = (value as { serverTime?: unknown }).serverTime;
    const skew = typeof serverMs === 'number' ? skewOf(serverMs, clock.wall(), sentMs, clock.mono()) : null;
    if (skew !== null) this.#deps.onSkew(skew);
    return ok(value);
  }
}
