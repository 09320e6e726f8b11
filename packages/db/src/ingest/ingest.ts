import { createHash } from 'node:crypto';
import { canonicalJson } from '@manara/kernel/canonical-json';
import type { JsonValue } from '@manara/kernel/json';
import { err, ok, type Result } from '@manara/kernel/result';
import { tableByName } from '@manara/modules/registry';
import type { SpaceRole } from '@manara/protocol/me';
import type { PushReply } from '@manara/protocol/push';
import type { Tx } from '../client.ts';
import { readEpoch } from '../epoch.ts';
import { lockClient, rememberBatch } from './client-row.ts';
import type { SpaceState } from './ingest-state.ts';
import type { Writer } from './judge-op.ts';
import { keepRuns } from './keep-runs.ts';
import { type IngestPlan, planIngest, spacesOf, touchedKeys } from './plan-ingest.ts';
import { readRecords, writePlan } from './stored-records.ts';

/** One batch of a client, its envelope checked and its ops as they came. */
export interface PushedBatch {
  readonly accountId: string;
  readonly client: string;
  readonly epoch: string;
  readonly batch: { readonly seq: number; readonly ops: readonly unknown[]; readonly recovery?: boolean | undefined };
  /** the wall clock, ms since 1970 */
  readonly nowMs: number;
}

export interface PushRefusal {
  readonly code: 'batch_gap' | 'batch_stale' | 'batch_reused' | 'epoch_changed';
  readonly message: string;
  readonly details: Readonly<Record<string, JsonValue>>;
}

export interface Pushed {
  readonly reply: PushReply;
  /** heads that this batch moved, to be poked after the commit; none for a batch that was answered before */
  readonly moved: Readonly<Record<string, number>>;
}

/**
 * Takes a client's batch: idempotent by its seq, atomic with everything it causes. In a transaction of the account.
 * A refusal changes nothing but may have made the client's row.
 */
export async function ingest(tx: Tx, pushed: PushedBatch): Promise<Result<Pushed, PushRefusal>> {
  const { accountId, client, batch, nowMs } = pushed;
  const epoch = await readEpoch(tx);
  if (pushed.epoch !== epoch) {
    return err({ code: 'epoch_changed', message: 'this server was restored: pull first', details: { epoch } });
  }
  const row = await lockClient(tx, accountId, client, epoch);
  const hash = hashBatch(batch);
  if (batch.seq === row.lastSeq && hash === row.lastHash) {
    return ok({ reply: row.lastReply as PushReply, moved: {} });
  }
  if (batch.seq !== row.lastSeq + 1) return err(wrongSeq(batch.seq, row.lastSeq));

  const recovers = batch.recovery === true && row.mayRecover;
  const members = await readMemberships(tx);
  const plan = await applyOps(tx, {
    ops: batch.ops,
    writer: { kind: 'account', userId: accountId, client, mayRecover: recovers },
    roles: new Map(members.map(({ space, role }) => [space, role])),
    greatestStamp: row.greatestStamp,
    nowMs,
    atLeastMs: Math.max(0, ...members.map(({ serverTimeMs }) => serverTimeMs)),
  });
  const heads = Object.fromEntries(members.map(({ space, seq }) => [space, seq]));
  for (const [space, seq] of plan.heads) heads[space] = seq;
  const reply: PushReply = {
    seq: batch.seq,
    results: [...plan.results],
    restamped: plan.restamped,
    heads,
    epoch,
    serverTime: plan.serverTimeMs,
  };
  const { greatestStamp } = plan;
  const mayRecover = recovers;
  await rememberBatch(tx, { accountId, client, epoch }, { seq: batch.seq, hash, greatestStamp, mayRecover }, reply);
  return ok({ reply, moved: movedHeads(plan) });
}

export interface SystemWrite {
  /** the writing process's client id, drawn at its start: the node of its stamps */
  readonly client: string;
  readonly spaceId: string;
  readonly ops: readonly unknown[];
  readonly nowMs: number;
}

/**
 * Takes ops of the server itself (the runner), which come without a batch number: what must happen once is for the
 * caller's transaction to see to. In a transaction of the space.
 */
export async function ingestAsSystem(
  tx: Tx,
  write: SystemWrite,
): Promise<{ readonly plan: IngestPlan; readonly moved: Readonly<Record<string, number>> }> {
  const plan = await applyOps(tx, {
    ops: write.ops,
    writer: { kind: 'system', client: write.client },
    roles: new Map([[write.spaceId, 'owner']]),
    greatestStamp: '',
    nowMs: write.nowMs,
  });
  return { plan, moved: movedHeads(plan) };
}

interface Ops {
  readonly ops: readonly unknown[];
  readonly writer: Writer;
  readonly roles: ReadonlyMap<string, SpaceRole>;
  readonly greatestStamp: string;
  readonly nowMs: number;
  readonly atLeastMs?: number;
}

async function applyOps(tx: Tx, { ops, writer, roles, greatestStamp, nowMs, atLeastMs = 0 }: Ops): Promise<IngestPlan> {
  const writable = spacesOf(ops).filter((space) => (roles.get(space) ?? 'viewer') !== 'viewer');
  const spaces = await lockHeads(tx, writable, roles);
  const keys = touchedKeys(ops, tableByName).filter((key) => spaces.has(key.space));
  const stored = await readRecords(tx, keys);
  const time = { wallMs: nowMs, atLeastMs };
  const plan = planIngest({ ops, writer, spaces, stored, tables: tableByName, ...time, greatestStamp });
  const accountId = writer.kind === 'account' ? writer.userId : null;
  await writePlan(tx, plan, { accountId, client: writer.client });
  await keepRuns(tx, plan, { nowMs, bySystem: writer.kind === 'system' });
  return plan;
}

/** In order of id, as every writer does: two batches over the same spaces cannot lock each other out. */
async function lockHeads(
  tx: Tx,
  spaceIds: readonly string[],
  roles: ReadonlyMap<string, SpaceRole>,
): Promise<Map<string, SpaceState>> {
  if (spaceIds.length === 0) return new Map();
  const rows = await tx<{ space: string; seq: number; horizon: number; serverTimeMs: number }[]>`
    select space_id as space, seq, horizon, server_time_ms as "serverTimeMs"
    from sync_heads where space_id = any (${[...spaceIds]}::uuid[])
    order by space_id
    for update`;
  return new Map(rows.map(({ space, ...head }) => [space, { ...head, role: roles.get(space) ?? 'viewer' }]));
}

async function readMemberships(
  tx: Tx,
): Promise<{ space: string; role: SpaceRole; seq: number; serverTimeMs: number }[]> {
  return tx<{ space: string; role: SpaceRole; seq: number; serverTimeMs: number }[]>`
    select m.space_id as space, m.role, h.seq, h.server_time_ms as "serverTimeMs"
    from space_members m join sync_heads h on h.space_id = m.space_id
    order by m.space_id`;
}

const hashBatch = (batch: PushedBatch['batch']): string =>
  createHash('sha256')
    .update(canonicalJson(batch as unknown as JsonValue))
    .digest('hex');

function wrongSeq(seq: number, last: number): PushRefusal {
  const details = { expected: last + 1 };
  if (seq > last) return { code: 'batch_gap', message: `batch ${last + 1} is expected first`, details };
  if (seq < last) return { code: 'batch_stale', message: 'a later batch of this client was taken already', details };
  return { code: 'batch_reused', message: 'this batch was taken with other content', details };
}

/** Heads that rose: of spaces in which a record changed. */
function movedHeads(plan: IngestPlan): Record<string, number> {
  const changed = new Set(plan.changed.map((record) => record.space));
  return Object.fromEntries([...plan.heads].filter(([space]) => changed.has(space)));
}
