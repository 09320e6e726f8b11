import { parseArgs } from 'node:util';
import { err, ok, type Result } from '@manara/kernel/result';

export interface BenchOptions {
  readonly help: boolean;
  readonly quick: boolean;
  /** names of measurements; empty means all */
  readonly only: readonly string[];
  /** the file that gets the JSON too */
  readonly json: string | null;
}

/** The error is one line for the terminal. */
export function readOptions(args: readonly string[], names: readonly string[]): Result<BenchOptions, string> {
  try {
    const { values } = parseArgs({
      // `npm run bench -- --quick` may arrive with the separator still in it.
      args: args.filter((arg) => arg !== '--'),
      options: {
        only: { type: 'string', multiple: true },
        json: { type: 'string' },
        quick: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    const only = values.only ?? [];
    const unknown = only.find((name) => !names.includes(name));
    if (unknown !== undefined) return err(`There is no measurement "${unknown}": ${names.join(', ')}.`);
    if (values.json?.trim() === '') return err('--json has no value. See --help.');
    return ok({ help: values.help ?? false, quick: values.quick ?? false, only, json: values.json ?? null });
  } catch (error) {
    return err(`${(error as Error).message.split('. ')[0]}. See --help.`);
  }
}

export function helpText(measurements: readonly { readonly name: string; readonly title: string }[]): string {
  const width = Math.max(...measurements.map(({ name }) => name.length));
  return `Measures Manara on this machine and prints a table, then the same as JSON. No figure is a target.

Usage: npm run bench -- [options]

  --only <name>  only this measurement (may be repeated)
  --json <file>  write the JSON to a file too
  --quick        small sizes and few rounds: shows that it works, not how fast it is
  --help         show this

Measurements:

${measurements.map(({ name, title }) => `  ${name.padEnd(width)}  ${title}`).join('\n')}

A ratio is taken round by round, both sides in turns in one run: 1.0 is as fast as the baseline, 2.0 takes twice as
long. Times on a busy machine mean little; the ratios hold up better. Everything runs on this machine alone.`;
}
