// The sync service as a process of its own, over a Postgres: see --help.
import { randomUUID } from 'node:crypto';
import { assertRowSecurity } from '@manara/db/assert-row-security';
import { openDatabase } from '@manara/db/client';
import { migrate } from '@manara/db/migrate';
import { pino } from 'pino';
import { createApp } from './app.ts';
import { createAuth } from './auth.ts';
import { ENVIRONMENT_HELP, readSyncConfig } from './config.ts';
import { ListenError, listen } from './listen.ts';
import { sharePokes } from './pokes.ts';
import { systemClock } from './seams.ts';

if (process.argv.includes('--help')) {
  console.log(
    `Manara sync service: accounts, sync and live events over Postgres.\n\nEnvironment:\n${ENVIRONMENT_HELP}`,
  );
  process.exit(0);
}
const read = readSyncConfig(process.env);
if (!read.ok) {
  console.error(`${read.error.join('\n')}\n\nThe environment:\n${ENVIRONMENT_HELP}`);
  process.exit(1);
}
const config = read.value;
const log = pino({ name: 'manara-sync' });
const db = await openDatabase({ kind: 'postgres', url: config.databaseUrl });
await migrate(db);
await assertRowSecurity(db);

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
const server = await listen(app.fetch, config).catch((error: unknown) => {
  console.error(error instanceof ListenError ? error.message : error);
  process.exit(1);
});
log.info({ port: server.port }, 'the sync service listens');

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    stopping.abort();
    await server.close();
    await db.close();
  });
}
