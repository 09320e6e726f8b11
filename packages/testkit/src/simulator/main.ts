import { parseArgs } from 'node:util';
import { openDatabase } from '@manara/db/client';
import { migrate } from '@manara/db/migrate';
import { startThrowawayPostgres } from '../throwaway-postgres.ts';
import { canaryNames } from './canaries.ts';
import { reportOf } from './replay.ts';
import { type RunResult, simulate } from './simulate.ts';
import { SqlSimServer } from './sql-sim-server.ts';

const HELP = `Runs simulated devices against the server's own logic, with everything going wrong that a seed draws.

  node tools/run.mjs packages/testkit/src/simulator/main.ts --seed 123 [options]

  --seed N       the first seed (default 1)
  --runs N       how many seeds from there on (default 1)
  --postgres     against the SQL of the server, on a database that is thrown away
  --trace        prints what happened, in order
  --canary NAME  with a planted bug: ${canaryNames.join(', ')}
  --help         this text

Ends with 1 when an oracle found something.`;

const OPTIONS = {
  seed: { type: 'string', default: '1' },
  runs: { type: 'string', default: '1' },
  postgres: { type: 'boolean', default: false },
  trace: { type: 'boolean', default: false },
  canary: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;

interface Options {
  readonly seed: number;
  readonly runs: number;
  readonly postgres: boolean;
  readonly trace: boolean;
  readonly canary: (typeof canaryNames)[number] | null;
}

function readOptions(): Options | null {
  const { values } = parseArgs({ options: OPTIONS });
  if (values.help) return null;
  const whole = (name: 'seed' | 'runs'): number => {
    const value = Number(values[name]);
    if (!Number.isSafeInteger(value) || value < 0)
      throw new Error(`--${name} takes a whole number, not ${values[name]}`);
    return value;
  };
  const canary = canaryNames.find((name) => name === values.canary) ?? null;
  if (values.canary !== undefined && canary === null) throw new Error(`there is no canary ${values.canary}`);
  if (canary !== null && values.postgres) throw new Error('canaries live in memory: leave out --postgres');
  return { seed: whole('seed'), runs: whole('runs'), postgres: values.postgres, trace: values.trace, canary };
}

/** @returns whether all runs were sound */
async function runAll(options: Options, run: (seed: number) => Promise<RunResult>): Promise<boolean> {
  const seen = new Map<string, number>();
  const startedMs = performance.now();
  let events = 0;
  let failed = 0;
  for (let seed = options.seed; seed < options.seed + options.runs; seed++) {
    const result = await run(seed);
    events += result.events;
    for (const [what, times] of result.seen) seen.set(what, (seen.get(what) ?? 0) + times);
    for (const line of result.trace) console.log(line);
    if (options.runs === 1) console.log(`trace ${result.traceHash}, state ${result.stateHash}`);
    if (result.violations.length === 0) continue;
    failed++;
    console.log(reportOf(result, options.postgres));
  }
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  console.log(`${options.runs} runs, ${failed} failed, ${events} events, ${seconds} s`);
  for (const [what, times] of [...seen].sort()) console.log(`  ${String(times).padStart(6)} ${what}`);
  return failed === 0;
}

async function main(): Promise<void> {
  const options = readOptions();
  if (options === null) return console.log(HELP);
  const { canary, trace: keepTrace } = options;
  const sound = options.postgres
    ? await runOnPostgres(options)
    : await runAll(options, (seed) => simulate(seed, { canary, keepTrace }));
  if (!sound) process.exitCode = 1;
}

async function runOnPostgres(options: Options): Promise<boolean> {
  const postgres = await startThrowawayPostgres();
  try {
    const db = await openDatabase({ kind: 'postgres', url: await postgres.createDatabase(), poolMax: 2 });
    await migrate(db);
    const sound = await runAll(options, async (seed) =>
      simulate(seed, { server: await SqlSimServer.create(db), keepTrace: options.trace }),
    );
    await db.close();
    return sound;
  } finally {
    await postgres.stop();
  }
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
}
