/** Lines that follow each other and share a fate. */
export interface Run {
  readonly kind: 'kept' | 'removed' | 'added';
  readonly lines: readonly string[];
}
/** More changed lines than this are counted, not shown. */
export const CHANGED_MAX = 1000;
/** Bounds the time for two texts that differ almost everywhere: comparisons of two lines. */
const COMPARISONS_MAX = 4_000_000;

export type LineDiff =
  | { readonly runs: readonly Run[] }
  /** Too much differs to show it: how many lines go, and how many come. */
  | { readonly removed: number; readonly added: number };

/** An empty text has no line. */
const linesOf = (text: string): readonly string[] => (text === '' ? [] : text.split('\n'));

/** The fewest lines to take away and to add: Myers' greedy algorithm on what is left between the common start and end. */
export function lineDiff(was: string, willBe: string): LineDiff {
  const before = linesOf(was);
  const after = linesOf(willBe);
  const least = Math.min(before.length, after.length);
  let start = 0;
  while (start < least && before[start] === after[start]) start += 1;
  let end = 0;
  while (end < least - start && before.at(-1 - end) === after.at(-1 - end)) end += 1;
  const removed = before.slice(start, before.length - end);
  const added = after.slice(start, after.length - end);
  const middle = changes(removed, added);
  if (middle === null) return { removed: removed.length, added: added.length };
  const kept = (lines: readonly string[]): Run => ({ kind: 'kept', lines });
  return { runs: joined([kept(before.slice(0, start)), ...middle, kept(before.slice(before.length - end))]) };
}

function changes(before: readonly string[], after: readonly string[]): readonly Run[] | null {
  if (before.length === 0 || after.length === 0) {
    if (before.length + after.length > CHANGED_MAX) return null;
    return [
      { kind: 'removed', lines: before },
      { kind: 'added', lines: after },
    ];
  }
  const trace = furthest(before, after);
  return trace && walkBack(before, after, trace);
}

/** How far into `before` each diagonal gets with 0, 1, 2, … changes: diagonal k at index k + d. null when that takes too long. */
function furthest(before: readonly string[], after: readonly string[]): readonly Int32Array[] | null {
  const trace: Int32Array[] = [];
  let comparisons = 0;
  for (let d = 0; d <= CHANGED_MAX; d += 1) {
    const reached = new Int32Array(2 * d + 1);
    const last = trace.at(-1);
    trace.push(reached);
    for (let k = -d; k <= d; k += 2) {
      let x = last === undefined ? 0 : comesFromAbove(last, k, d) ? at(last, k + 1, d) : at(last, k - 1, d) + 1;
      while (x < before.length && x - k < after.length && before[x] === after[x - k]) {
        x += 1;
        comparisons += 1;
      }
      reached[k + d] = x;
      if (x >= before.length && x - k >= after.length) return trace;
    }
    if (comparisons > COMPARISONS_MAX) return null;
  }
  return null;
}

/** What the round before `d` reached on diagonal k. */
const at = (last: Int32Array, k: number, d: number): number => last[k + d - 1] ?? -1;
/** A line is added to get to diagonal k in round d, not removed. */
const comesFromAbove = (last: Int32Array, k: number, d: number): boolean =>
  k === -d || (k !== d && at(last, k - 1, d) < at(last, k + 1, d));

function walkBack(before: readonly string[], after: readonly string[], trace: readonly Int32Array[]): readonly Run[] {
  const backwards: Run[] = [];
  let x = before.length;
  let y = after.length;
  for (let d = trace.length - 1; d >= 0; d -= 1) {
    const last = trace[d - 1];
    const k = x - y;
    const isAdded = last !== undefined && comesFromAbove(last, k, d);
    const fromX = last === undefined ? 0 : isAdded ? at(last, k + 1, d) : at(last, k - 1, d) + 1;
    backwards.push({ kind: 'kept', lines: before.slice(fromX, x) });
    if (last === undefined) break;
    x = isAdded ? fromX : fromX - 1;
    y = isAdded ? fromX - k - 1 : fromX - k;
    backwards.push(
      isAdded ? { kind: 'added', lines: after.slice(y, y + 1) } : { kind: 'removed', lines: before.slice(x, x + 1) },
    );
  }
  return backwards.reverse();
}

/** Runs of one kind in one; between two kept runs first all that goes, then all that comes. */
function joined(runs: readonly Run[]): readonly Run[] {
  const result: Run[] = [];
  let open: Record<Run['kind'], readonly string[]> = { kept: [], removed: [], added: [] };
  const end = (...kinds: readonly Run['kind'][]): void => {
    for (const kind of kinds) if (open[kind].length > 0) result.push({ kind, lines: open[kind] });
    for (const kind of kinds) open = { ...open, [kind]: [] };
  };
  for (const { kind, lines } of runs) {
    if (lines.length === 0) continue;
    if (kind === 'kept') end('removed', 'added');
    else end('kept');
    open = { ...open, [kind]: open[kind].concat(lines) };
  }
  end('kept', 'removed', 'added');
  return result;
}
