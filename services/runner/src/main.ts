// The mission runner as a service of its own, beside a sync service on the same Postgres: see --help.
import { randomUUID } from 'node:crypto';
import { serve } from '@hono/node-server';
import { assertRowSecurity } from '@manara/db/assert-row-security';
import { openDatabase } from '@manara/db/client';
import { migrate } from '@manara/db/migrate';
import { joinNews } from '@manara/db/news';
import { pino } from 'pino';
import { createApp } from './app.ts';
import { ENVIRONMENT_HELP, readRunnerConfig } from './config.ts';
import { createMetrics } from './metrics.ts';
import { createRunner } from './runner.ts';
import type { RunnerPokes } from './runner-context.ts';

const asked = process.argv.slice(2);
if (asked.includes('--help')) {
  console.log(`Manara mission runner: plans due missions off-tab.\n\nEnvironment:\n${ENVIRONMENT_HELP}`);
  process.exit(0);
}
if (asked.length > 0) fail(`${asked[0]}: there is no such option. See --help.`);
const config = readRunnerConfig(process.env);
if (!config.ok) fail(config.error.join('\n'));
const { databaseUrl, host, port, serviceKeys, tickMs, leaseMs, model } = config.value;
const log = pino({ name: 'manara-runner' });
const db = await openDatabase({ kind: 'postgres', url: databaseUrl });
try {
  await migrate(db);
  await assertRowSecurity(db);
} catch (error) {
  fail(`The mission runner could not start: ${(error as Error).message}`);
}

const metrics = createMetrics();
// Devices hear of a plan through the sync services that share the database.
const line = await joinNews(
  db,
  randomUUID(),
  () => undefined,
  (error) => log.warn({ err: error }, 'news were not told'),
);
const pokes: RunnerPokes = {
  heads(heads) {
    metrics.pokes.heads(heads);
    line.tell({ heads });
  },
  run(space, run) {
    metrics.pokes.run(space, run);
    line.tell({ space, run: { ...run } });
  },
};
const runner = createRunner({ db, log, model, tuning: { tickMs, leaseMs }, pokes });
const app = createApp({
  serviceKeys,
  tick: runner.tick,
  newRequestId: randomUUID,
  onError: (error, requestId) => log.error({ err: error, requestId }, 'a request failed'),
  missing: async () => ((await reaches()) ? [] : ['database']),
  metrics: metrics.registry,
});
const server = serve(
  { fetch: app.fetch, hostname: host, port, serverOptions: { headersTimeout: 15_000, requestTimeout: 30_000 } },
  (address) => log.info({ address, client: runner.client, planner: runner.plannerInfo() }, 'ready'),
);
server.once('error', (error) => fail(`The mission runner could not listen on ${host}:${port}: ${error.message}`));

const ending = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ending.abort());
await runner.run(ending.signal);
server.close();
await db.close();

async function reaches(): Promise<boolean> {
  return db.sql`select 1`.then(
    () => true,
    () => false,
  );
}

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}
