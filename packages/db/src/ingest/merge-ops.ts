import type { OpResult } from '@manara/protocol/push';
import { mergeCells, sameCell } from '@manara/sync-core/merge';
import { ACCEPTED, type Cell, type Cells, DELETED, recordKey } from '@manara/sync-core/record';
import { formatStamp, nextReading, SERVER_NODE, type Stamp } from '@manara/sync-core/stamp';
import type { Op } from '@manara/sync-core/wire-op';
import type { ChangedRecord, LogCell, LogEntry, SpaceState, StoredRecord } from './ingest-state.ts';
import type { SoundOp } from './judge-op.ts';

type OkResult = Extract<OpResult, { status: 'ok' }>;

export interface MergeContext {
  readonly stored: ReadonlyMap<string, StoredRecord>;
  readonly spaces: ReadonlyMap<string, SpaceState>;
  readonly restamped: ReadonlyMap<Stamp, Stamp>;
  readonly serverTimeMs: number;
}

export interface MergedOps {
  readonly resultByOp: ReadonlyMap<Op, OkResult>;
  readonly changed: readonly ChangedRecord[];
  readonly log: readonly LogEntry[];
  /** greatest sequence number by space, spaces of accepted ops only */
  readonly heads: ReadonlyMap<string, number>;
}

/** The batch so far: what earlier ops of it made of the records. */
interface Progress {
  readonly records: Map<string, ChangedRecord>;
  readonly heads: Map<string, number>;
  /** the reading of the last `accepted` stamp */
  reading: { readonly ms: number; readonly counter: number };
}

/** A null prototype: see mergeCells. */
const NO_CELLS: Cells = Object.create(null);

/** Merges accepted ops in their order into the stored records. On equal stamps the stored cell stands. */
export function mergeOps(accepted: readonly SoundOp[], context: MergeContext): MergedOps {
  const progress: Progress = {
    records: new Map(),
    heads: new Map(),
    reading: { ms: context.serverTimeMs, counter: 0 },
  };
  const resultByOp = new Map<Op, OkResult>();
  const log: LogEntry[] = [];
  for (const sound of accepted) {
    const merged = mergeOp(sound, context, progress);
    resultByOp.set(sound.op, merged.result);
    log.push(merged.entry);
  }
  return { resultByOp, changed: [...progress.records.values()], log, heads: progress.heads };
}

function mergeOp(sound: SoundOp, context: MergeContext, progress: Progress) {
  const { op, table } = sound;
  const key = recordKey(op);
  const before = progress.records.get(key) ?? context.stored.get(key);
  const head = progress.heads.get(op.space) ?? context.spaces.get(op.space)?.seq ?? 0;
  const stored: Cells = before?.cells ?? NO_CELLS;
  const incoming = incomingCells(sound, context.restamped);
  const frozen = table.insertOnly && before !== undefined;
  if (table.insertOnly && before === undefined) drawAccepted(incoming, progress);
  const merged = frozen ? standStill(stored, incoming) : mergeCells(stored, incoming, 'stored');
  let seq = head;
  if (merged.won.length > 0) {
    // A record that this batch changed before keeps the number that it got then.
    const earlier = progress.records.get(key);
    seq = earlier?.seq ?? head + 1;
    const isNew = earlier?.isNew ?? before === undefined;
    progress.records.set(key, { ...identity(op), seq, cells: merged.cells, isNew, actor: op.actor });
  }
  progress.heads.set(op.space, Math.max(seq, head));
  const conflicts = conflictsOf(sound, stored, incoming, context.restamped);
  return {
    result: okResult(conflicts, merged.lost),
    entry: {
      ...identity(op),
      seq,
      actor: op.actor,
      group: op.group ?? null,
      cells: logCells(stored, incoming, merged.won),
    },
  };
}

const identity = ({ space, table, id }: SoundOp['op']) => ({ space, table, id });

function incomingCells({ op, cells }: SoundOp, restamped: ReadonlyMap<Stamp, Stamp>): Record<string, Cell> {
  // A null prototype: see mergeCells.
  const incoming: Record<string, Cell> = Object.create(null);
  for (const [name, [value, stamp]] of cells) {
    incoming[name] =
      name === ACCEPTED ? { value, stamp } : { value, stamp: restamped.get(stamp) ?? stamp, actor: op.actor };
  }
  return incoming;
}

/** A recovery may bring the stamp of the first acceptance; otherwise this is it. */
function drawAccepted(incoming: Record<string, Cell>, progress: Progress): void {
  if (incoming[ACCEPTED] !== undefined) return;
  const stamp = formatStamp({ ...progress.reading, node: SERVER_NODE });
  progress.reading = nextReading(progress.reading.ms, progress.reading.counter);
  incoming[ACCEPTED] = { value: stamp, stamp };
}

/** An accepted insert-only row that is sent again: the stored cells stand, whatever the stamps. */
function standStill(stored: Cells, incoming: Cells) {
  const lost = Object.entries(incoming).filter(([name, cell]) => {
    const old = stored[name];
    return name !== ACCEPTED && old !== undefined && !sameCell(old, cell);
  });
  return { cells: stored, won: [], lost: lost.map(([name]) => name) };
}

/** Cells that replaced another stamp than the stored one. Sending again what is stored is none. */
function conflictsOf(
  { cells }: SoundOp,
  stored: Cells,
  incoming: Cells,
  restamped: ReadonlyMap<Stamp, Stamp>,
): string[] {
  const conflicts: string[] = [];
  for (const [name, [, , replaced]] of cells) {
    const old = stored[name];
    if (replaced === undefined || old === undefined || old.stamp === incoming[name]?.stamp) continue;
    if (old.stamp !== (restamped.get(replaced) ?? replaced)) conflicts.push(name);
  }
  return conflicts;
}

const wireName = (name: string): string => (name === DELETED ? 'deleted' : name);

function okResult(conflicts: readonly string[], lost: readonly string[]): OkResult {
  return {
    status: 'ok',
    ...(conflicts.length > 0 && { conflicts: conflicts.map(wireName) }),
    ...(lost.length > 0 && { lost: lost.map(wireName) }),
  };
}

/** Both sides of every cell, so that the log can tell what a conflict cost. */
function logCells(stored: Cells, incoming: Cells, won: readonly string[]): Record<string, LogCell> {
  const cells: Record<string, LogCell> = Object.create(null);
  for (const [name, { value, stamp }] of Object.entries(incoming)) {
    const old = stored[name];
    cells[name] = { value, stamp, won: won.includes(name), ...(old && { previous: [old.value, old.stamp] }) };
  }
  return cells;
}
