import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isJson } from './is-json.ts';

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Short texts over the marks of JSON: a good part is valid, and the rest is nearly. */
const nearJson = fc
  .array(
    fc.constantFrom(
      ...['[', ']', '{', '}', ',', ':', '"a":', '"', '""', '\\', '\\u00e9', '\\x', '0', '-', '01', '1.5', '1.', '1e3'],
      ...['e', 'true', 'nul', 'null', ' ', '\n', '\u0001', '\u00a0', '\ufeff', '\ud800'],
    ),
    { maxLength: 10 },
  )
  .map((parts) => parts.join(''));

describe('whether a text is JSON', () => {
  it.each([
    ...['', ' ', '5', '-0', '[]', '[,]', '[1,]', '[1 2]', '[1][2]', '{}', '{,}', '{"a"}', '{"a":}', '{"a":1,}'],
    ...[
      '{"a":1,"b":[{}]}',
      '{1:2}',
      '[}',
      '{]',
      ']',
      '"',
      '"\\"',
      '"\\u12"',
      '"\\ud800"',
      '"\n"',
      'nullx',
      '1,2',
      ':',
      '--1',
    ],
  ])('%j as the parser says', (text) => {
    expect(isJson(text)).toBe(parses(text));
  });

  it('property: as the parser says, of JSON and of what is nearly JSON', () => {
    fc.assert(
      fc.property(fc.oneof(nearJson, fc.json()), (text) => {
        expect(isJson(text)).toBe(parses(text));
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['half a million levels', '['.repeat(524_288) + ']'.repeat(524_288)],
    ['one text', `"${'\\"'.repeat(500_000)}"`],
    ['one number', '1'.repeat(1_048_576)],
    ['half a million digits', `[0${',0'.repeat(524_000)}]`],
    ['words', `[true${',true'.repeat(209_000)}]`],
  ])('%s take under 50 ms', (_name, text) => {
    const times = Array.from({ length: 4 }, () => {
      const start = process.threadCpuUsage();
      expect(isJson(text)).toBe(true);
      const used = process.threadCpuUsage(start);
      return (used.user + used.system) / 1000;
    });
    expect(Math.min(...times)).toBeLessThan(50);
  });
});
