import type { Run } from './line-diff.ts';

/** Kept lines that are not shown. */
export interface Gap {
  readonly kind: 'gap';
  readonly count: number;
}
export type Part = Run | Gap;

/** The changes with so many kept lines around each; the rest is left out. One line alone is not worth a gap. */
export function withContext(runs: readonly Run[], context: number): readonly Part[] {
  return runs.flatMap((run, index): readonly Part[] => {
    if (run.kind !== 'kept') return [run];
    const { lines } = run;
    const head = index === 0 ? 0 : context;
    const tail = index === runs.length - 1 ? 0 : context;
    const count = lines.length - head - tail;
    if (count <= 1) return [run];
    const kept = (some: readonly string[]): readonly Run[] => (some.length > 0 ? [{ kind: 'kept', lines: some }] : []);
    return [...kept(lines.slice(0, head)), { kind: 'gap', count }, ...kept(lines.slice(lines.length - tail))];
  });
}

/** The first so many lines, and how many there are after them. */
export function firstLines(
  parts: readonly Part[],
  most: number,
): { readonly parts: readonly Part[]; readonly more: number } {
  const first: Part[] = [];
  let left = most;
  let more = 0;
  for (const part of parts) {
    if (part.kind === 'gap') {
      if (left > 0) first.push(part);
      continue;
    }
    if (left > 0) first.push({ ...part, lines: part.lines.slice(0, left) });
    more += Math.max(part.lines.length - left, 0);
    left = Math.max(left - part.lines.length, 0);
  }
  return { parts: first, more };
}
