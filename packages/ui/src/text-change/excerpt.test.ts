import { describe, expect, it } from 'vitest';
import { firstLines, type Part, withContext } from './excerpt.ts';
import type { Run } from './line-diff.ts';

const run = (kind: Run['kind'], lines: string): Run => ({ kind, lines: lines.split('') });
const words = (parts: readonly Part[]): string =>
  parts.map((part) => (part.kind === 'gap' ? `…${part.count}` : `${part.kind} ${part.lines.join('')}`)).join(', ');

describe('withContext', () => {
  it('keeps lines around each change and leaves out the rest', () => {
    const runs = [
      run('kept', 'abcdef'),
      run('added', 'X'),
      run('kept', 'ghijkl'),
      run('removed', 'Y'),
      run('kept', 'mnop'),
    ];
    expect(words(withContext(runs, 1))).toBe('…5, kept f, added X, kept g, …4, kept l, removed Y, kept m, …3');
  });

  it('leaves out no single line', () => {
    const runs = [run('kept', 'ab'), run('added', 'X'), run('kept', 'cde'), run('added', 'Y')];
    expect(words(withContext(runs, 1))).toBe('kept ab, added X, kept cde, added Y');
  });
});

describe('firstLines', () => {
  const parts: readonly Part[] = [
    run('kept', 'ab'),
    run('removed', 'cde'),
    { kind: 'gap', count: 9 },
    run('added', 'fg'),
  ];

  it('counts what comes after', () => {
    expect(words(firstLines(parts, 3).parts)).toBe('kept ab, removed c');
    expect(firstLines(parts, 3).more).toBe(4);
  });

  it('is all when all fits', () => {
    expect(firstLines(parts, 7)).toEqual({ parts, more: 0 });
    expect(firstLines(parts, Number.POSITIVE_INFINITY)).toEqual({ parts, more: 0 });
  });
});
