// What `npm start` runs: sync service, mission runner and web app in one process. See --help.
import { FolderHeldError } from '@manara/db/folder-lock';
import { ListenError } from '@manara/sync/listen';
import { pino } from 'pino';
import { HELP, readOptions } from './options.ts';
import { startSolo } from './start-solo.ts';
import { welcome } from './welcome.ts';

/** After a signal everything has ended by then, or is ended. */
const STOP_MS_MAX = 4_500;
/** A signal this long after the first means: at once. */
const REPEATED_MS = 1_000;

const options = readOptions(process.argv.slice(2), process.env, process.cwd());
if (!options.ok) fail(options.error);
if (options.value === 'help') {
  console.log(HELP);
  process.exit(0);
}
const log = pino({ name: 'manara', level: 'warn' }, pino.destination(2));
const solo = await startSolo(options.value, log).catch((error: Error) => fail(explain(error)));

let stoppingSince: number | undefined;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    // Ctrl-C reaches every process of the terminal, and those before this one pass it on: one wish, several signals.
    if (stoppingSince !== undefined) {
      if (performance.now() - stoppingSince > REPEATED_MS) process.exit(1);
      return;
    }
    stoppingSince = performance.now();
    setTimeout(() => process.exit(1), STOP_MS_MAX).unref();
    solo.stop().then(
      () => process.exit(0),
      (error: unknown) => fail([`Manara did not stop cleanly: ${String(error)}`]),
    );
  });
}

// Only now: who reads this may send a signal at once.
console.log(welcome(solo, options.value));

function explain(error: Error): string[] {
  if (error instanceof ListenError) return [error.message, 'For example: npm start -- --port 4311'];
  if (error instanceof FolderHeldError) return [error.message, 'For example: npm start -- --data ./another-folder'];
  return [`Manara could not start: ${error.message}`];
}

function fail(lines: readonly string[]): never {
  for (const line of lines) console.error(line);
  process.exit(1);
}
