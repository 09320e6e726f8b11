// What `npm run bench` runs. See --help.
import { writeFile } from 'node:fs/promises';
import { coldStart } from './cold-start.ts';
import { editToDevice } from './edit-to-device.ts';
import { firstLoad } from './first-load.ts';
import { idleMemory } from './idle-memory.ts';
import { localWrite } from './local-write.ts';
import { Closers, type Measurement } from './measurement.ts';
import { helpText, readOptions } from './options.ts';
import { push } from './push.ts';
import { circumstances, type Outcome, type Report, reportTable } from './report.ts';

const measurements: readonly Measurement[] = [localWrite, push, editToDevice, coldStart, firstLoad, idleMemory];
/** A measurement that takes longer is given up: the machine is too busy for it to say anything. */
const MEASUREMENT_MS_MAX = 300_000;
/** After a signal everything that was started has ended by then. */
const STOP_MS_MAX = 9_000;

const options = readOptions(
  process.argv.slice(2),
  measurements.map(({ name }) => name),
);
if (!options.ok) {
  console.error(options.error);
  process.exit(2);
}
const { help, quick, only, json } = options.value;
if (help) {
  console.log(helpText(measurements));
  process.exit(0);
}

let closers = new Closers();
let stopping = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (stopping) process.exit(130); // Asked twice: at once.
    stopping = true;
    // What is under way fails as soon as it misses what was closed; a server that is just starting is waited for.
    setTimeout(() => process.exit(130), STOP_MS_MAX).unref();
    void closers.closeAll();
  });
}

const before = circumstances();
const outcomes: Outcome[] = [];
for (const measurement of measurements) {
  if (only.length > 0 && !only.includes(measurement.name)) continue;
  console.error(`${measurement.name} …`);
  outcomes.push(await measure(measurement));
  if (stopping) process.exit(130);
}
const report: Report = { format: 'manara-bench', version: 1, quick, before, after: circumstances(), outcomes };
const text = JSON.stringify(report, (_, value) => (typeof value === 'number' ? Number(value.toFixed(4)) : value), 2);
console.log(`\n${reportTable(report)}\n${text}`);
if (json !== null) await writeFile(json, `${text}\n`);
process.exit(outcomes.some((outcome) => 'error' in outcome) ? 1 : 0);

async function measure({ name, title, run }: Measurement): Promise<Outcome> {
  closers = new Closers();
  const start = performance.now();
  const tooLong = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => tooLong.reject(new Error(`not done in ${MEASUREMENT_MS_MAX / 1000} s`)),
    MEASUREMENT_MS_MAX,
  );
  const seconds = () => Math.round((performance.now() - start) / 100) / 10;
  try {
    const running = run({ quick, keep: (close) => closers.add(close) });
    const figures = await Promise.race([running, tooLong.promise]);
    return { name, title, seconds: seconds(), figures };
  } catch (error) {
    return { name, title, seconds: seconds(), error: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
    for (const fault of await closers.closeAll()) console.error(`${name}: could not tidy up: ${String(fault)}`);
  }
}
