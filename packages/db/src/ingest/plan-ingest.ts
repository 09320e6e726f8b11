import { assert } from '@manara/kernel/assert';
import { isUuid } from '@manara/kernel/id';
import { isJsonObject } from '@manara/kernel/json';
import type { OpResult } from '@manara/protocol/push';
import type { TableDef } from '@manara/sync-core/define-table';
import { type RecordKey, recordKey } from '@manara/sync-core/record';
import type { Stamp } from '@manara/sync-core/stamp';
import { acceptOps } from './accept-ops.ts';
import type { ChangedRecord, LogEntry, SpaceState, StoredRecord } from './ingest-state.ts';
import { judgeOp, type SoundOp, type Writer } from './judge-op.ts';
import { mergeOps } from './merge-ops.ts';
import { restamp } from './restamp.ts';

/**
 * What a batch does, as a pure function: the server runs it between reading and writing, the simulator on memory.
 * The caller holds the locks of the spaces named by {@link spacesOf} and read `stored` after it took them.
 */
export interface PlanInput {
  /** as they came, unjudged */
  readonly ops: readonly unknown[];
  readonly writer: Writer;
  /** spaces that the writer is a member of; only those that ops name matter */
  readonly spaces: ReadonlyMap<string, SpaceState>;
  /** records of {@link touchedKeys}, by {@link recordKey} */
  readonly stored: ReadonlyMap<string, StoredRecord>;
  readonly tables: ReadonlyMap<string, TableDef>;
  /** the wall clock, ms since 1970 */
  readonly wallMs: number;
  /** the greatest server time of spaces that the writer may read and {@link spaces} leaves out, ms since 1970 */
  readonly atLeastMs?: number;
  /** the writer's client's greatest accepted stamp, or '' */
  readonly greatestStamp: Stamp | '';
}

export interface IngestPlan {
  /** one per op, in order */
  readonly results: readonly OpResult[];
  readonly restamped: Readonly<Record<Stamp, Stamp>>;
  /** records to store, whole */
  readonly changed: readonly ChangedRecord[];
  readonly log: readonly LogEntry[];
  /** new greatest sequence numbers; spaces of accepted ops only, moved or not */
  readonly heads: ReadonlyMap<string, number>;
  /** to be stored in the head rows of {@link heads} */
  readonly serverTimeMs: number;
  readonly greatestStamp: Stamp | '';
}

export function planIngest(input: PlanInput): IngestPlan {
  const roles = new Map([...input.spaces].map(([space, { role }]) => [space, role]));
  const judged = input.ops.map((op) => judgeOp(op, { writer: input.writer, roles, tables: input.tables }));
  const verdicts = acceptOps(judged, input.ops.map(groupOf), input);
  const accepted: SoundOp[] = [];
  for (const verdict of verdicts) if ('sound' in verdict) accepted.push(verdict.sound);

  const serverTimeMs = serverTime(input, accepted);
  const stamps = restamp(accepted, input.writer.client, serverTimeMs, input.greatestStamp);
  const merged = mergeOps(accepted, { ...input, restamped: stamps.stamps, serverTimeMs });

  const results = verdicts.map((verdict): OpResult => {
    if ('refusal' in verdict) return { status: 'rejected', ...verdict.refusal };
    const result = merged.resultByOp.get(verdict.sound.op);
    assert(result !== undefined, 'every accepted op was merged');
    return result;
  });
  return {
    results,
    restamped: Object.fromEntries(stamps.stamps),
    changed: merged.changed,
    log: merged.log,
    heads: merged.heads,
    serverTimeMs,
    greatestStamp: stamps.greatest,
  };
}

/**
 * Never falls, also with a batch of which nothing is accepted, and rises with every batch of a space: `accepted` stamps of
 * two batches never meet, whatever the wall clock does.
 */
function serverTime({ wallMs, atLeastMs = 0, spaces }: PlanInput, accepted: readonly SoundOp[]): number {
  let time = Math.max(Math.floor(wallMs), atLeastMs);
  for (const { serverTimeMs } of spaces.values()) time = Math.max(time, serverTimeMs);
  for (const { op } of accepted) time = Math.max(time, (spaces.get(op.space)?.serverTimeMs ?? 0) + 1);
  return time;
}

function groupOf(op: unknown): string | undefined {
  return isJsonObject(op) && typeof op.group === 'string' ? op.group : undefined;
}

/** The spaces that a batch names, sorted: the order in which heads are locked. */
export function spacesOf(ops: readonly unknown[]): string[] {
  const spaces = new Set<string>();
  for (const op of ops) if (isJsonObject(op) && isUuid(op.space)) spaces.add(op.space);
  return [...spaces].sort();
}

/** The records that a batch may touch, each once. */
export function touchedKeys(ops: readonly unknown[], tables: ReadonlyMap<string, TableDef>): RecordKey[] {
  const keys = new Map<string, RecordKey>();
  for (const op of ops) {
    if (!isJsonObject(op)) continue;
    const { space, table, id } = op;
    if (!isUuid(space) || typeof table !== 'string' || !tables.has(table) || !isUuid(id)) continue;
    const key = { space, table, id };
    keys.set(recordKey(key), key);
  }
  return [...keys.values()];
}
