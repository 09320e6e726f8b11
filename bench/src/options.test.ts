import { expect, test } from 'vitest';
import { helpText, readOptions } from './options.ts';

const names = ['push', 'cold-start'];

test('nothing said means everything', () => {
  expect(readOptions([], names)).toEqual({ ok: true, value: { help: false, quick: false, only: [], json: null } });
});

test('measurements are picked by name, also several, also behind a separator', () => {
  expect(readOptions(['--', '--only', 'push', '--only=cold-start', '--json', 'out.json', '--quick'], names)).toEqual({
    ok: true,
    value: { help: false, quick: true, only: ['push', 'cold-start'], json: 'out.json' },
  });
});

test.each([
  [['--only', 'pusch'], 'There is no measurement "pusch": push, cold-start.'],
  [['--onyl', 'push'], "Unknown option '--onyl'. See --help."],
  [['--json='], '--json has no value. See --help.'],
])('%j is refused in words', (args, error) => {
  expect(readOptions(args, names)).toEqual({ ok: false, error });
});

test('the help names every measurement', () => {
  expect(helpText([{ name: 'push', title: 'Push' }])).toContain('  push  Push');
});
