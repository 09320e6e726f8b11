import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scanJson } from './scan-json.ts';

describe('scanning JSON', () => {
  it.each([
    ['', 0, 0, 0, true],
    ['5', 0, 0, 0, true],
    ['[]', 1, 0, 0, true],
    ['[1,[2,3,4]]', 2, 0, 3, true],
    ['{"a":[1,2,3],"b":{}}', 2, 2, 3, true],
    ['{"batch":{"ops":[1,2]}}', 3, 0, 2, true],
    ['{"batch":{"ops":[[1,2,3]]}}', 4, 0, 0, true],
    ['[[[[{"a":1,"b":2,"c":[1,2,3,4,5]}]]]]', 6, 3, 0, true],
    ['"[{"', 0, 0, 0, true],
    ['["\\"[","\\\\"]', 1, 0, 2, true],
    ['[', 1, 0, 0, false],
    [']', 0, 0, 0, false],
    ['[}', 1, 0, 0, false],
    ['[][]', 1, 0, 0, false],
    ['"', 0, 0, 0, false],
  ])('%s', (text, depth, widest, longest, balanced) => {
    expect(scanJson(text)).toEqual({ depth, widest, longest, balanced });
  });

  it('property: of every JSON text it knows the depth, and that it is balanced', () => {
    const depthOf = (value: unknown): number =>
      typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const scan = scanJson(JSON.stringify(value));
        expect(scan.depth).toBe(depthOf(value));
        expect(scan.balanced).toBe(true);
      }),
    );
  });

  it.each([
    ['half a million levels', '['.repeat(524_288) + ']'.repeat(524_288)],
    ['a million brackets', '['.repeat(1_048_576)],
    ['keys as many as fit', `{${Array.from({ length: 95_000 }, (_, index) => `"${index}":0`).join(',')}}`],
    ['half a million members', `{"batch":{"ops":[{"fields":{"title":[[0${',0'.repeat(524_000)}],""]}}]}}`],
    ['one text', `"${'\\"'.repeat(500_000)}"`],
  ])('%s take under 50 ms', (_name, text) => {
    const times = Array.from({ length: 4 }, () => {
      const start = process.threadCpuUsage();
      scanJson(text);
      const used = process.threadCpuUsage(start);
      return (used.user + used.system) / 1000;
    });
    expect(Math.min(...times)).toBeLessThan(50);
  });
});
