import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import type { Figure } from './figure.ts';
import type { Spread } from './stats.ts';

/** What one measurement came to. */
export type Outcome =
  | { readonly name: string; readonly title: string; readonly seconds: number; readonly figures: readonly Figure[] }
  | { readonly name: string; readonly title: string; readonly seconds: number; readonly error: string };

/** The machine and how busy it is: figures of another one, or of a busy one, do not compare. */
export interface Circumstances {
  readonly at: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly node: string;
  /** over the last minute; above the number of cores somebody waits */
  readonly load: number;
}

export const circumstances = (): Circumstances => ({
  at: new Date().toISOString(),
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  cores: availableParallelism(),
  memoryGb: Math.round(totalmem() / 1e8) / 10,
  node: process.version,
  load: Math.round((loadavg()[0] ?? 0) * 100) / 100,
});

export interface Report {
  readonly format: 'manara-bench';
  readonly version: 1;
  readonly quick: boolean;
  readonly before: Circumstances;
  readonly after: Circumstances;
  readonly outcomes: readonly Outcome[];
}

/** The report as a table for people. */
export function reportTable(report: Report): string {
  const { before, after } = report;
  const machine = `${before.cpu}, ${before.cores} cores, ${before.memoryGb} GB, Node ${before.node}`;
  const load = `load average ${before.load} before and ${after.load} after, on ${before.cores} cores`;
  const quick = report.quick ? ['Small sizes (--quick): these show that it works, not how fast it is.'] : [];
  return [machine, load, ...quick, '', ...report.outcomes.flatMap(outcomeLines)].join('\n');
}

function outcomeLines(outcome: Outcome): string[] {
  const head = [outcome.title, '-'.repeat(outcome.title.length)];
  if ('error' in outcome) return [...head, `  failed: ${outcome.error}`, ''];
  const rows = outcome.figures.map(cells);
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('   ')}`);
  return [...head, ...lines.map((line) => line.trimEnd()), ''];
}

function cells(figure: Figure): string[] {
  switch (figure.kind) {
    case 'ratio': {
      const { label, unit, measured, baselineLabel, baseline, ratio, rounds } = figure;
      const times = `${digits(measured.median)} against ${digits(baseline.median)} ${unit} (${baselineLabel})`;
      return [label, `${digits(ratio.median)} x  (${range(ratio)}, ${rounds} rounds)`, times];
    }
    case 'latency':
      return [
        figure.label,
        `p50 ${digits(figure.p50)} ms, p95 ${digits(figure.p95)} ms`,
        `longest ${digits(figure.max)} ms of ${figure.count}`,
      ];
    case 'size':
      return [figure.label, `${digits(figure.value)} ${figure.unit}`, figure.note ?? ''];
  }
}

const range = ({ min, max }: Spread): string => `${digits(min)} to ${digits(max)}`;

/** Three digits that count. */
function digits(value: number): string {
  const size = Math.abs(value);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3);
}
