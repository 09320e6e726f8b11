import { expect, test } from 'vitest';
import { latencyFigure, ratioFigure } from './figure.ts';
import { type Report, reportTable } from './report.ts';

const machine = { at: '2026-11-20T09:00:00Z', cpu: 'A processor', cores: 2, memoryGb: 8, node: 'v24', load: 0.5 };
const report: Report = {
  format: 'manara-bench',
  version: 1,
  quick: false,
  before: machine,
  after: { ...machine, load: 3 },
  outcomes: [
    {
      name: 'write',
      title: 'A write',
      seconds: 1,
      figures: [
        ratioFigure('one write', 'ms', [2, 4, 9], { label: 'bare put', values: [1, 2, 3] }),
        latencyFigure('an edit', [1, 2, 3, 4, 5]),
        { kind: 'size', label: 'JavaScript', unit: 'kB', value: 123.4, note: '3 files, br' },
      ],
    },
    { name: 'push', title: 'A push', seconds: 1, error: 'Postgres did not start' },
  ],
};

test('the table says medians, the spread of the ratio, and what failed', () => {
  expect(reportTable(report).split('\n')).toEqual([
    'A processor, 2 cores, 8 GB, Node v24',
    'load average 0.5 before and 3 after, on 2 cores',
    '',
    'A write',
    '-------',
    '  one write    2.00 x  (2.00 to 3.00, 3 rounds)   4.00 against 2.00 ms (bare put)',
    '  an edit      p50 3.00 ms, p95 4.80 ms           longest 5.00 ms of 5',
    '  JavaScript   123 kB                             3 files, br',
    '',
    'A push',
    '------',
    '  failed: Postgres did not start',
    '',
  ]);
});
