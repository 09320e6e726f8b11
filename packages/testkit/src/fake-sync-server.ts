import type { StoredRecord } from '@manara/db/ingest/ingest-state';
import type { Writer } from '@manara/db/ingest/judge-op';
import { type IngestPlan, planIngest, spacesOf } from '@manara/db/ingest/plan-ingest';
import { canonicalJson } from '@manara/kernel/canonical-json';
import type { JsonValue } from '@manara/kernel/json';
import type { LiveEvent } from '@manara/protocol/live';
import type { DigestScope, Transport, TransportReply, TransportRequest } from '@manara/sync-client/ports';
import type { WireRecord } from '@manara/sync-core/apply';
import type { TableDef } from '@manara/sync-core/define-table';
import { EMPTY_DIGEST, recordDigest, xorDigest } from '@manara/sync-core/digest';
import { ACCEPTED, type Cells, DELETED, greatestStamp, isDeleted, recordKey } from '@manara/sync-core/record';
import type { Batch, WireCell } from '@manara/sync-core/wire-op';

interface Client {
  epoch: string;
  lastSeq: number;
  lastBatch: string;
  lastReply: unknown;
  greatest: string;
  mayRecover: boolean;
}

interface Disk {
  readonly records: Map<string, StoredRecord & { readonly table: string; readonly id: string }>;
  readonly clients: Map<string, Client>;
  seq: number;
  serverTimeMs: number;
}

/** What a test does to a request: `before` loses it, `after` loses the answer of one that was carried out. */
export type Loss = 'none' | 'before' | 'after';

/**
 * The server's protocol on memory: the real ingest plan, one space, one account. For tests and the simulator; faults are
 * the transport's.
 */
export class FakeSyncServer {
  epoch = 'epoch-1';
  /** the wall clock, ms since 1970 */
  nowMs = 1_763_673_000_000;
  horizon = 0;
  mayRead = true;
  signedIn = true;
  protocolMax = 1;
  /** decides the fate of each request, by path */
  loss: (path: string) => Loss = () => 'none';
  /** answers instead of the protocol, when it returns something */
  intercept: (request: TransportRequest) => TransportReply | undefined = () => undefined;
  readonly requests: string[] = [];
  readonly #space: string;
  readonly #userId: string;
  readonly #tables: ReadonlyMap<string, TableDef>;
  readonly #listeners = new Set<(event: LiveEvent) => void>();
  readonly #plan: typeof planIngest;
  #disk: Disk = { records: new Map(), clients: new Map(), seq: 0, serverTimeMs: 0 };

  /** `plan`: stands between the request and the real ingest plan, to watch it or to break it */
  constructor(options: {
    readonly space: string;
    readonly userId: string;
    readonly tables: readonly TableDef[];
    readonly plan?: typeof planIngest;
  }) {
    this.#space = options.space;
    this.#userId = options.userId;
    this.#tables = new Map(options.tables.map((table) => [table.name, table]));
    this.#plan = options.plan ?? planIngest;
  }

  /** Cells by `table|id`. */
  state(): Map<string, Cells> {
    return new Map([...this.#disk.records.values()].map(({ table, id, cells }) => [`${table}|${id}`, cells]));
  }
  /** Records by `table|id`, with their sequence numbers. */
  records(): Map<string, { readonly cells: Cells; readonly seq: number }> {
    return new Map([...this.#disk.records.values()].map((record) => [`${record.table}|${record.id}`, record]));
  }
  get head(): number {
    return this.#disk.seq;
  }
  value(table: string, id: string, field: string): JsonValue | undefined {
    return this.state().get(`${table}|${id}`)?.[field]?.value;
  }
  backup(): () => void {
    const saved = structuredClone(this.#disk);
    return () => {
      this.#disk = structuredClone(saved);
    };
  }
  /** What a restore does beside bringing back an old state. */
  newEpoch(epoch: string): void {
    this.epoch = epoch;
    for (const client of this.#disk.clients.values()) client.mayRecover = true;
  }
  /** Forgets tombstones up to a sequence number. */
  forget(horizon: number): void {
    this.horizon = horizon;
    for (const [key, record] of this.#disk.records) {
      if (record.seq <= horizon && isDeleted(record.cells)) this.#disk.records.delete(key);
    }
  }
  emit(event: LiveEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
  get lines(): number {
    return this.#listeners.size;
  }

  /** A device's way to this server. `live: false`: event streams do not get through. */
  transport(options: { readonly live?: boolean } = {}): Transport {
    return {
      send: async (request) => {
        this.requests.push(request.path);
        const answer = this.intercept(request);
        if (answer) return answer;
        const loss = this.loss(request.path);
        if (loss === 'before') return { ok: false, kind: 'network' };
        const reply = this.answer(request.path, structuredClone(request.body) as Record<string, unknown>);
        return loss === 'after' ? { ok: false, kind: 'network' } : structuredClone(reply);
      },
      live: (listener, signal) => {
        if (options.live === false || !this.signedIn || signal.aborted) return Promise.resolve();
        const hear = (event: LiveEvent): void => listener.event(event);
        this.#listeners.add(hear);
        listener.open();
        hear({ event: 'heads', data: { [this.#space]: this.#disk.seq } });
        return new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            this.#listeners.delete(hear);
            resolve();
          });
        });
      },
    };
  }

  /** The answer to a request, without the way there and back. */
  answer(path: string, body: Record<string, unknown>): TransportReply {
    if (!this.signedIn) return refuse(401, 'unauthenticated');
    if (path === '/v1/me') {
      const spaces = this.mayRead ? [{ id: this.#space, kind: 'personal', role: 'owner' }] : [];
      return { ok: true, body: { epoch: this.epoch, serverTime: this.nowMs, spaces } };
    }
    if (path === '/v1/sync/get') return this.#get(body as unknown as { table: string; ids: string[] });
    if (path === '/v1/sync/digest') return this.#digest(body as DigestScope);
    if ((body.protocol as number) > this.protocolMax || this.protocolMax > 1) {
      return refuse(426, 'upgrade_required', { min: this.protocolMax, max: this.protocolMax });
    }
    if (path === '/v1/sync/push') return this.#push(body as unknown as PushBody);
    return this.#pull(body as unknown as PullBody);
  }

  #push({ client: name, epoch, batch }: PushBody): TransportReply {
    if (epoch !== this.epoch) return refuse(409, 'epoch_changed');
    const fresh: Client = { epoch, lastSeq: 0, lastBatch: '', lastReply: null, greatest: '', mayRecover: false };
    const known = this.#disk.clients.get(name) ?? fresh;
    const client: Client =
      known.epoch === epoch ? known : { ...known, epoch, lastSeq: 0, lastBatch: '', mayRecover: true };
    const text = canonicalJson(batch as unknown as JsonValue);
    if (batch.seq === client.lastSeq && client.lastSeq > 0) {
      if (text === client.lastBatch) return { ok: true, body: client.lastReply };
      return refuse(409, 'batch_reused', { expected: client.lastSeq + 1 });
    }
    if (batch.seq !== client.lastSeq + 1) {
      return refuse(409, batch.seq > client.lastSeq ? 'batch_gap' : 'batch_stale', { expected: client.lastSeq + 1 });
    }
    if (batch.ops.length > 500) return refuse(413, 'too_large');
    const mayRecover = batch.recovery === true && client.mayRecover;
    const plan = this.write(
      batch.ops,
      { kind: 'account', userId: this.#userId, client: name, mayRecover },
      client.greatest,
    );
    const { results, restamped } = plan;
    const heads = { [this.#space]: this.#disk.seq };
    const reply = { seq: batch.seq, results, restamped, heads, epoch, serverTime: plan.serverTimeMs };
    this.#disk.clients.set(name, {
      epoch,
      lastSeq: batch.seq,
      lastBatch: text,
      lastReply: reply,
      greatest: plan.greatestStamp,
      mayRecover: client.mayRecover && batch.recovery === true,
    });
    this.emit({ event: 'heads', data: heads });
    return { ok: true, body: reply };
  }

  /** Plans and stores ops as one transaction; the runner's come this way without a batch. */
  write(ops: readonly unknown[], writer: Writer, greatestStamp = ''): IngestPlan {
    const state = {
      role: 'owner',
      seq: this.#disk.seq,
      horizon: this.horizon,
      serverTimeMs: this.#disk.serverTimeMs,
    } as const;
    const plan = this.#plan({
      ops,
      writer,
      spaces: new Map(this.mayRead && spacesOf(ops).includes(this.#space) ? [[this.#space, state]] : []),
      stored: this.#disk.records,
      tables: this.#tables,
      wallMs: this.nowMs,
      atLeastMs: this.mayRead ? this.#disk.serverTimeMs : 0,
      greatestStamp,
    });
    for (const { space, table, id, cells, seq } of plan.changed) {
      this.#disk.records.set(recordKey({ space, table, id }), { table, id, cells, seq });
    }
    this.#disk.seq = plan.heads.get(this.#space) ?? this.#disk.seq;
    if (plan.heads.size > 0) this.#disk.serverTimeMs = Math.max(this.#disk.serverTimeMs, plan.serverTimeMs);
    return plan;
  }

  #pull({ epoch, cursors, limit = 1000 }: PullBody): TransportReply {
    const recover = epoch !== this.epoch;
    const asked = recover ? 0 : (cursors[this.#space] ?? 0);
    const { seq: head } = this.#disk;
    if (!this.mayRead) {
      return { ok: true, body: { epoch: this.epoch, spaces: {}, removed: [this.#space], serverTime: this.nowMs } };
    }
    if (asked > head) return refuse(409, 'cursor_ahead');
    const reset = asked > 0 && asked < this.horizon;
    const from = reset ? 0 : asked;
    const all = [...this.#disk.records.values()].filter(({ seq }) => seq > from).sort((a, b) => a.seq - b.seq);
    const records = all.slice(0, limit).map(wire);
    const more = all.length > limit;
    const cursor = more ? (records.at(-1)?.seq ?? head) : head;
    const page = { head, cursor, more, reset, horizon: this.horizon, records };
    const spaces = { [this.#space]: page };
    const body = { epoch: this.epoch, spaces, removed: [], serverTime: this.nowMs, ...(recover ? { recover } : {}) };
    return { ok: true, body };
  }

  #get({ table, ids }: { table: string; ids: string[] }): TransportReply {
    const found = ids.flatMap((id) => this.#disk.records.get(recordKey({ space: this.#space, table, id })) ?? []);
    return { ok: true, body: { records: found.map(wire), head: this.#disk.seq } };
  }

  #digest({ table, prefix = '' }: DigestScope): TransportReply {
    let digest = EMPTY_DIGEST;
    const parts: Record<string, string> = {};
    for (const record of this.#disk.records.values()) {
      if ((table !== undefined && record.table !== table) || !record.id.startsWith(prefix)) continue;
      const part = table === undefined ? record.table : prefix === '' ? record.id.slice(0, 2) : record.id;
      const one = recordDigest(record.table, record.id, record.cells);
      digest = xorDigest(digest, one);
      parts[part] = xorDigest(parts[part] ?? EMPTY_DIGEST, one);
    }
    return { ok: true, body: { head: this.#disk.seq, digest, parts } };
  }
}

interface PushBody {
  readonly client: string;
  readonly epoch: string;
  readonly batch: Batch;
}
interface PullBody {
  readonly epoch: string;
  readonly cursors: Readonly<Record<string, number>>;
  readonly limit?: number;
}

/** An error of the protocol. */
export function refuse(status: number, code: string, details: Record<string, JsonValue> = {}): TransportReply {
  return { ok: false, kind: 'status', status, code, message: code, details, retryAfterMs: null };
}

const wired = new WeakMap<Cells, WireRecord>();

/** As a pull sends it. A record that has not changed is the same text to every device. */
function wire(record: { table: string; id: string; cells: Cells; seq: number }): WireRecord {
  const known = wired.get(record.cells);
  if (known?.seq === record.seq) return known;
  const made = toWire(record);
  wired.set(record.cells, made);
  return made;
}

function toWire({ table, id, cells, seq }: { table: string; id: string; cells: Cells; seq: number }): WireRecord {
  const own = Object.fromEntries(Object.entries(cells).filter(([name]) => name !== ACCEPTED));
  const greatest = greatestStamp(own);
  const actor = Object.values(own).find((cell) => cell.stamp === greatest)?.actor;
  const fields: Record<string, WireCell> = {};
  const actorOf: Record<string, NonNullable<typeof actor>> = {};
  for (const [name, cell] of Object.entries(cells)) {
    if (name !== DELETED) fields[name] = [cell.value, cell.stamp];
    if (cell.actor && canonicalJson(cell.actor as never) !== canonicalJson((actor ?? null) as never)) {
      actorOf[name === DELETED ? 'deleted' : name] = cell.actor;
    }
  }
  const deleted = cells[DELETED];
  return {
    table,
    id,
    seq,
    fields,
    ...(deleted ? { deleted: [deleted.value, deleted.stamp] as const } : {}),
    ...(actor ? { actor } : {}),
    actorOf,
  };
}
