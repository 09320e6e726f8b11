import type { JsonValue } from '@manara/kernel/json';
import type { LiveEvent } from '@manara/protocol/live';
import type { PulledSpace } from '@manara/protocol/pull';
import type { PushReply } from '@manara/protocol/push';
import type { WireRecord } from '@manara/sync-core/apply';
import type { Batch } from '@manara/sync-core/wire-op';

/** The answer to a batch, and a space's part of the answer to a pull. */
export type BatchReply = PushReply;
export type PageReply = PulledSpace;

/** What the engine needs to know of the copy before it speaks. */
export interface ReplicaState {
  readonly client: string;
  readonly space: string;
  /** null until the server first told it */
  readonly epoch: string | null;
  /** the last applied sequence number */
  readonly cursor: number;
}

/** What waits for a person or for the server. */
export interface Counts {
  /** op groups that are not acknowledged */
  readonly waiting: number;
  /** groups in quarantine */
  readonly refused: number;
  /** records offered for review after a restore */
  readonly review: number;
}

export interface StoredBatch {
  readonly client: string;
  readonly epoch: string;
  readonly batch: Batch;
}

export interface RepairRequest {
  readonly space: string;
  readonly table: string;
  readonly ids: readonly string[];
}

/** Which part of a copy a digest is of: all, one table, or ids that begin with a prefix. */
export interface DigestScope {
  readonly table?: string | undefined;
  readonly prefix?: string | undefined;
}

export interface LocalDigest {
  readonly digest: string;
  /** by table, by the id's first two digits, or by id, as the server's */
  readonly parts: Readonly<Record<string, string>>;
}

/** The local copy. Every method is one transaction, or several that may each be the last. */
export interface SyncStore {
  replica(): Promise<ReplicaState>;
  counts(): Promise<Counts>;
  /** Calls with the counts now and whenever they change, in any tab. */
  watch(listener: (counts: Counts) => void): () => void;
  /** Remembers the first epoch that was told; a later one arrives with a page. */
  learnEpoch(epoch: string): Promise<void>;

  /** The frozen batch, or the next one, frozen by this call before it is first sent. Null: nothing waits. */
  nextBatch(): Promise<StoredBatch | null>;
  /** Stores a reply. One that is not of the frozen batch (another tab was faster) changes nothing. */
  settle(client: string, reply: BatchReply): Promise<void>;
  /** The server refused the batch as a whole: halve it, or quarantine the one group that is left. */
  refuseBatch(seq: number, code: string, message: string): Promise<void>;
  /** Takes a new client id, also in the stamps of what waits; unless that batch was answered meanwhile, in another tab. */
  renode(seq: number): Promise<void>;

  /** Applies a page with the cursor. Fails, with nothing applied, for a page that no right server sends. */
  applyPage(
    page: PulledSpace,
    epoch: string,
  ): Promise<{ readonly ok: true } | { readonly ok: false; readonly error: string }>;
  /** The server knows less than this copy has had acknowledged. `acked`: the last seq that it has; null: as here. */
  beginRecovery(acked: number | null): Promise<void>;

  /** Records whose refused cells still have to become the server's. */
  repairs(): Promise<readonly RepairRequest[]>;
  repair(request: RepairRequest, records: readonly WireRecord[]): Promise<void>;

  /** Null while something waits or the copy is not at `head`: then a comparison says nothing. */
  digest(head: number, scope: DigestScope): Promise<LocalDigest | null>;
  /** Makes records agree with the server: own newer cells are sent again, foreign ones become the server's. */
  mend(table: string, ids: readonly string[], records: readonly WireRecord[]): Promise<void>;
}

export type TransportReply =
  | { readonly ok: true; readonly body: unknown }
  | { readonly ok: false; readonly kind: 'network' }
  | {
      readonly ok: false;
      readonly kind: 'status';
      readonly status: number;
      /** of the closed list; `internal` when the body says none */
      readonly code: string;
      readonly message: string;
      readonly details: Readonly<Record<string, JsonValue>>;
      readonly retryAfterMs: number | null;
    };

export interface TransportRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: unknown;
  /** no answer by then, or none of it for this long, counts as no network */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export interface Transport {
  send(request: TransportRequest): Promise<TransportReply>;
  /** Opens the event stream; resolves when it has ended, for whatever reason. `open`: the server answered with a stream. */
  live(listener: { open(): void; event(event: LiveEvent): void }, signal: AbortSignal): Promise<void>;
}

export interface Clock {
  /** milliseconds since 1970, as the device believes */
  wall(): number;
  /** milliseconds that only rise */
  mono(): number;
}

export interface Timers {
  /** @returns what cancels it */
  after(ms: number, run: () => void): () => void;
}

/** In [0, 1). */
export type Random = () => number;

export interface Locks {
  /** Runs while no other tab of the profile holds the lock; waits for it until the signal is aborted. */
  hold(name: string, run: () => Promise<void>, signal: AbortSignal): Promise<void>;
}

/** A channel between the tabs of a profile. A tab does not hear itself. */
export interface Peers {
  post(message: JsonValue): void;
  listen(listener: (message: unknown) => void): () => void;
}
