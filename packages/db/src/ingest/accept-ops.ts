import { canonicalJson } from '@manara/kernel/canonical-json';
import type { JsonValue } from '@manara/kernel/json';
import { GROUP_REFUSED } from '@manara/protocol/push';
import { ACCEPTED, type Cells, DELETED, isDeleted, recordKey } from '@manara/sync-core/record';
import type { SpaceState, StoredRecord } from './ingest-state.ts';
import type { Judged, Refusal, SoundOp } from './judge-op.ts';

/** What stands in the way of a later write: values of write-once fields, and all of an accepted insert-only row. */
type Standing = Map<string, JsonValue>;

interface AcceptContext {
  readonly stored: ReadonlyMap<string, StoredRecord>;
  readonly spaces: ReadonlyMap<string, SpaceState>;
}

const INNOCENT: Refusal = { code: GROUP_REFUSED, message: 'another op of its group was refused' };
const ELSEWHERE: Refusal = { code: 'bad_op', message: 'the ops of a group share a space' };

/**
 * Judges sound ops against what is stored and settles groups. A unit (a group, or an op without one) is tried as a
 * whole on top of the units accepted before it: an op that another's refusal takes along never stands in a later
 * one's way.
 */
export function acceptOps(
  judged: readonly Judged[],
  groups: readonly (string | undefined)[],
  context: AcceptContext,
): Judged[] {
  const verdicts = [...judged];
  const standing = new Map<string, Standing>();
  for (const unit of unitsOf(groups)) {
    const space = spaceOf(unit, judged);
    const tried = new Map<string, Standing>();
    let refused = false;
    for (const index of unit) {
      const verdict = verdicts[index];
      if (verdict === undefined) continue;
      const refusal =
        'refusal' in verdict
          ? verdict.refusal
          : verdict.sound.op.space !== space
            ? ELSEWHERE
            : judgeAgainstStored(verdict.sound, context, standing, tried);
      if (refusal === null) continue;
      verdicts[index] = { refusal };
      refused = true;
    }
    if (!refused) for (const [key, values] of tried) standing.set(key, values);
    else for (const index of unit) if (isSound(verdicts[index])) verdicts[index] = { refusal: INNOCENT };
  }
  return verdicts;
}

const isSound = (verdict: Judged | undefined): verdict is { readonly sound: SoundOp } =>
  verdict !== undefined && 'sound' in verdict;

/** Indices of ops by unit, in the order of each unit's first op. */
function unitsOf(groups: readonly (string | undefined)[]): number[][] {
  const units: number[][] = [];
  const unitByGroup = new Map<string, number[]>();
  for (const [index, group] of groups.entries()) {
    const unit = group === undefined ? undefined : unitByGroup.get(group);
    if (unit !== undefined) {
      unit.push(index);
      continue;
    }
    const started = [index];
    units.push(started);
    if (group !== undefined) unitByGroup.set(group, started);
  }
  return units;
}

/** The space of a unit is that of its first sound op. */
function spaceOf(unit: readonly number[], judged: readonly Judged[]): string | undefined {
  for (const index of unit) {
    const verdict = judged[index];
    if (verdict !== undefined && 'sound' in verdict) return verdict.sound.op.space;
  }
  return undefined;
}

function judgeAgainstStored(
  sound: SoundOp,
  context: AcceptContext,
  standing: ReadonlyMap<string, Standing>,
  tried: Map<string, Standing>,
): Refusal | null {
  const key = recordKey(sound.op);
  const stored = context.stored.get(key);
  const before = tried.get(key) ?? standing.get(key) ?? standingOf(sound, stored?.cells);
  const refusal = sound.table.insertOnly ? judgeInsertOnly(sound, before) : judgeWriteOnce(sound, before);
  if (refusal !== null) return refusal;
  if (stored !== undefined && isForgotten(sound, stored, context.spaces.get(sound.op.space)?.horizon ?? 0)) {
    return { code: 'below_horizon', message: 'the record was deleted so long ago that it is forgotten' };
  }
  if (before !== undefined || sound.table.insertOnly || sound.table.writeOnce.length > 0) {
    tried.set(key, after(sound, before));
  }
  return null;
}

/** Undefined: nothing of this record stands yet. */
function standingOf({ table }: SoundOp, cells: Cells | undefined): Standing | undefined {
  if (cells === undefined || (!table.insertOnly && table.writeOnce.length === 0)) return undefined;
  const names = table.insertOnly ? Object.keys(cells) : table.writeOnce;
  const standing: Standing = new Map();
  for (const name of names) {
    const cell = cells[name];
    if (cell !== undefined) standing.set(name, cell.value);
  }
  return standing;
}

function after({ table, cells }: SoundOp, before: Standing | undefined): Standing {
  if (table.insertOnly && before !== undefined) return before;
  const next: Standing = new Map(before);
  for (const [name, [value]] of cells) if (table.insertOnly || table.writeOnce.includes(name)) next.set(name, value);
  return next;
}

function judgeInsertOnly({ table, cells }: SoundOp, before: Standing | undefined): Refusal | null {
  if (before === undefined) return null;
  // Comes with a recovery; the first acceptance that the server knows stands.
  const stands = ([name, [value]]: SoundOp['cells'][number]) => name === ACCEPTED || isSame(before.get(name), value);
  if (cells.every(stands)) return null;
  return { code: 'immutable', message: `a row of ${table.name} cannot change once accepted` };
}

function judgeWriteOnce({ table, cells }: SoundOp, before: Standing | undefined): Refusal | null {
  if (before === undefined || table.writeOnce.length === 0) return null;
  const taken = cells.find(([name, [value]]) => before.has(name) && !isSame(before.get(name), value));
  return (
    (taken && { code: 'taken', message: `${table.name}.${taken[0]} is written once and has another value` }) || null
  );
}

/** A tombstone that clients have dropped: only bringing the record back, or what is stored already, is taken. */
function isForgotten({ cells }: SoundOp, stored: StoredRecord, horizon: number): boolean {
  if (!isDeleted(stored.cells) || stored.seq > horizon) return false;
  if (cells.some(([name, [value]]) => name === DELETED && value === false)) return false;
  return !cells.every(([name, [value, stamp]]) => {
    const cell = stored.cells[name];
    return cell?.stamp === stamp && isSame(cell.value, value);
  });
}

function isSame(standing: JsonValue | undefined, value: JsonValue): boolean {
  if (standing === undefined) return false;
  return standing === value || canonicalJson(standing) === canonicalJson(value);
}
