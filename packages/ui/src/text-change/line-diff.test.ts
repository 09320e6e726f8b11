import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CHANGED_MAX, lineDiff, type Run } from './line-diff.ts';

const SIGN = { kept: ' ', removed: '-', added: '+' } as const;
/** ` a`, `-b`, `+c`: one text a line. */
const shown = (was: string, willBe: string): readonly string[] => {
  const diff = lineDiff(was, willBe);
  return 'runs' in diff ? diff.runs.flatMap(({ kind, lines }) => lines.map((line) => SIGN[kind] + line)) : [];
};
const textOf = (runs: readonly Run[], ...kinds: readonly Run['kind'][]): readonly string[] =>
  runs.filter(({ kind }) => kinds.includes(kind)).flatMap(({ lines }) => lines);
const numbered = (count: number): readonly string[] => Array.from({ length: count }, (_, n) => `line ${n}`);

describe('lineDiff', () => {
  it.each([
    ['a line added at the end', 'a\nb', 'a\nb\nc', [' a', ' b', '+c']],
    ['a line taken away', 'a\nb\nc', 'a\nc', [' a', '-b', ' c']],
    ['a line changed', 'a\nb\nc', 'a\nB\nc', [' a', '-b', '+B', ' c']],
    ['two places', 'a\nb\nc\nd\ne', 'A\nb\nc\nd\nE', ['-a', '+A', ' b', ' c', ' d', '-e', '+E']],
    ['a first text', '', 'a\nb', ['+a', '+b']],
    ['no text any more', 'a\nb', '', ['-a', '-b']],
    ['an empty line at the end', 'a', 'a\n', [' a', '+']],
    ['a hidden character alone', 'a\npay', 'a\npay\u200B', [' a', '-pay', '+pay\u200B']],
    ['the same', 'a\nb', 'a\nb', [' a', ' b']],
  ])('tells %s', (_what, was, willBe, expected) => expect(shown(was, willBe)).toEqual(expected));

  const text = fc.array(fc.constantFrom('a', 'b', 'c', '', 'd'), { maxLength: 30 }).map((lines) => lines.join('\n'));

  it('holds both texts, whole and in order', () => {
    fc.assert(
      fc.property(text, text, (was, willBe) => {
        const diff = lineDiff(was, willBe);
        if (!('runs' in diff)) throw new Error('short texts are always told');
        expect(textOf(diff.runs, 'kept', 'removed').join('\n')).toBe(was);
        expect(textOf(diff.runs, 'kept', 'added').join('\n')).toBe(willBe);
        for (const [index, { kind, lines }] of diff.runs.entries()) {
          expect(lines.length).toBeGreaterThan(0);
          expect(kind).not.toBe(diff.runs[index - 1]?.kind);
        }
      }),
    );
  });

  it('changes as few lines as can be', () => {
    const short = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(short, short, (was, willBe) => {
        const diff = lineDiff(was.join('\n'), willBe.join('\n'));
        const kept = 'runs' in diff ? textOf(diff.runs, 'kept').length : -1;
        expect(kept).toBe(longestCommon(was, willBe));
      }),
    );
  });

  it('finds a few changes far apart in a long text', () => {
    const lines = numbered(20_000);
    const changed = lines.map((line, n) => (n % 5000 === 1 ? `${line}!` : line));
    expect(shown(lines.join('\n'), changed.join('\n')).filter((line) => !line.startsWith(' '))).toHaveLength(8);
  });

  it('counts the lines of a text that is another one', () => {
    const was = numbered(CHANGED_MAX).map((line) => `old ${line}`);
    expect(lineDiff(`same\n${was.join('\n')}`, 'same\nnew')).toEqual({ removed: CHANGED_MAX, added: 1 });
    expect(lineDiff('', numbered(CHANGED_MAX + 1).join('\n'))).toEqual({ removed: 0, added: CHANGED_MAX + 1 });
  });

  it('gives up on long texts that are alike everywhere and the same nowhere', () => {
    const LINES = 256 * 1024;
    const lines = (a: string, b: string) => Array.from({ length: LINES }, (_, n) => (n % 7 === 0 ? a : b)).join('\n');
    const diff = lineDiff(`x\n${lines('a', 'b')}`, `${lines('b', 'a')}\ny`);
    expect(diff).toEqual({ removed: LINES + 1, added: LINES + 1 });
  });
});

function longestCommon(a: readonly string[], b: readonly string[]): number {
  const row = Array.from({ length: b.length + 1 }, () => 0);
  for (const one of a) {
    let diagonal = 0;
    for (const [index, other] of b.entries()) {
      const above = row[index + 1] ?? 0;
      row[index + 1] = one === other ? diagonal + 1 : Math.max(above, row[index] ?? 0);
      diagonal = above;
    }
  }
  return row.at(-1) ?? 0;
}
