import { diffArrays } from 'diff';

/** Lines that follow each other and share a fate. */
export interface Run {
  readonly kind: 'kept' | 'removed' | 'added';
  readonly lines: readonly string[];
}

/** More changed lines than this are counted, not shown. */
export const CHANGED_MAX = 1000;
/** Two long texts that are alike everywhere and the same nowhere are given up after this. */
const LOOKED_FOR_MS = 200;

export type LineDiff =
  | { readonly runs: readonly Run[] }
  /** Too much differs to show it: how many lines go, and how many come. */
  | { readonly removed: number; readonly added: number };

/** An empty text has no line. */
const linesOf = (text: string): string[] => (text === '' ? [] : text.split('\n'));

/** The fewest lines to take away and to add. */
export function lineDiff(was: string, willBe: string): LineDiff {
  const before = linesOf(was);
  const after = linesOf(willBe);
  const changes = diffArrays(before, after, { maxEditLength: CHANGED_MAX, timeout: LOOKED_FOR_MS });
  if (changes === undefined) return counted(before, after);
  const kind = (change: (typeof changes)[number]) => (change.added ? 'added' : change.removed ? 'removed' : 'kept');
  return { runs: changes.map((change) => ({ kind: kind(change), lines: change.value })) };
}

/** How many lines differ between the common start and end. */
function counted(before: readonly string[], after: readonly string[]): LineDiff {
  const least = Math.min(before.length, after.length);
  let start = 0;
  while (start < least && before[start] === after[start]) start += 1;
  let end = 0;
  while (end < least - start && before.at(-1 - end) === after.at(-1 - end)) end += 1;
  return { removed: before.length - start - end, added: after.length - start - end };
}
