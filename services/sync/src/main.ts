// The sync service as a process of its own, over a Postgres: see --help.
import { randomUUID } from 'node:crypto';
import { assertRowSecurity } from '@manara/db/assert-row-security';
import { openDatabase } from '@manara/db/client';
import { migrate } from '@manara/db/migrate';
import { pino } from 'pino';
import { createApp } from './app.ts';
import { createAuth } from './auth.ts';
import { ENVIRONMENT_HELP, readSyncConfig } from './config.ts';
import { listen } from './listen.ts';
import { sharePokes } from './pokes.ts';
import { systemClock } from './seams.ts';

const HELP = `Manara sync service: accounts, sync and live events over Postgres. It serves the API alone.

Environment:
${ENVIRONMENT_HELP}`;

const asked = process.argv.slice(2);
if (asked.includes('--help')) {
  console.log(HELP);
  process.exit(0);
}
if (asked.length > 0) fail(`${asked[0]}: there is no such option. See --help.`);
const read = readSyncConfig(process.env);
if (!read.ok) fail(`${read.error.join('\n')}\n\nThe environment:\n${ENVIRONMENT_HELP}`);
const config = read.value;
const log = pino({ name: 'manara-sync' });
const db = await openDatabase({ kind: 'postgres', url: config.databaseUrl });
try {
  await migrate(db);
  await assertRowSecurity(db);
} catch (error) {
  fail(`The sync service could not start: ${(error as Error).message}`);
}

const stopping = new AbortController();
const app = createApp({
  db,
  auth: createAuth({ db, config, log }),
  pokes: await sharePokes(db, randomUUID(), (error) => log.warn({ err: error }, 'news were not told')),
  clock: systemClock,
  log,
  config,
  stopping: stopping.signal,
});
const server = await listen(app.fetch, config).catch((error: Error) => fail(error.message));
log.info({ port: server.port }, 'the sync service listens');

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    stopping.abort();
    await server.close();
    await db.close();
  });
}

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}
