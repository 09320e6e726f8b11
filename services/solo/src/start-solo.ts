import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { assertRowSecurity } from '@manara/db/assert-row-security';
import { openDatabase } from '@manara/db/client';
import { startNewEpoch } from '@manara/db/epoch';
import { lockFolder } from '@manara/db/folder-lock';
import { migrate } from '@manara/db/migrate';
import { createTickRoute } from '@manara/runner/app';
import { createRunner, type Runner } from '@manara/runner/runner';
import { createApp } from '@manara/sync/app';
import { createAuth } from '@manara/sync/auth';
import { listen } from '@manara/sync/listen';
import { sharePokes } from '@manara/sync/pokes';
import { newRequestId, systemClock } from '@manara/sync/seams';
import type { Logger } from 'pino';
import type { SoloOptions } from './options.ts';
import { routeRequests } from './route-requests.ts';
import { loadSecrets } from './secrets.ts';
import { openStaticWeb } from './static-web.ts';
import { wakeSoon } from './wake-soon.ts';

export type Solo = {
  /** Where a browser on this machine finds it. */
  url: string;
  /** False: there is no built web app to serve. */
  hasWeb: boolean;
  /** Ends everything in order; resolves within 5 s. */
  stop(): Promise<void>;
};

const WEB_FOLDER = fileURLToPath(new URL('../../../apps/web/build/', import.meta.url));
/** Runs under way that do not end in this time are taken up again after the next start. */
const RUNNER_STOP_MS = 1_500;

/** Starts sync service, runner and web app over one database, on one port. What was opened is closed when a step fails. */
export async function startSolo(options: SoloOptions, log: Logger): Promise<Solo> {
  const closers: (() => Promise<void>)[] = [];
  const closeAll = async () => {
    for (const close of closers.splice(0).reverse()) await close();
  };
  try {
    // Asked first: a port that is taken is said at once, and not after seconds of opening the database.
    if (options.port !== 0) await (await listen(() => new Response(), options)).close();
    const lock = await lockFolder(options.dataFolder);
    closers.push(async () => lock.release());
    const kept = await loadSecrets(options.dataFolder);
    const db = await openDatabase(databaseConfig(options, log));
    closers.push(() => db.close());
    await migrate(db);
    await assertRowSecurity(db);
    if (options.restored) await startNewEpoch(db);

    // Several on one Postgres, behind a balancer, tell each other.
    const pokes = await sharePokes(db, newRequestId(), (error) => log.warn({ err: error }, 'news were not told'));
    const runner = createRunner({ db, log, pokes, model: options.model, tuning: options.timing });
    const wake = wakeSoon(runner.wake);
    const auth = createAuth({ db, config: { ...options, secret: options.secret ?? kept.secret }, log });
    const stopping = new AbortController();
    const sync = createApp({
      db,
      auth,
      config: options,
      clock: systemClock,
      log,
      pokes,
      planner: { info: runner.plannerInfo, probe: runner.probe },
      onRunsQueued: wake,
      stopping: stopping.signal,
    });
    const tick = createTickRoute({
      serviceKeys: options.serviceKeys ?? [kept.serviceKey],
      tick: runner.tick,
      newRequestId,
      onError: (error, requestId) => log.error({ err: error, requestId }, 'a tick failed'),
    });
    const web = openStaticWeb(WEB_FOLDER, newRequestId);
    const server = await listen(routeRequests({ sync: sync.fetch, tick: tick.fetch, web }), options);
    const endRunner = startRunner(runner, log);
    closers.push(async () => {
      stopping.abort(); // Held requests and live streams end.
      await Promise.all([server.close(), endRunner()]);
    });
    return { url: urlOf(options.host, server.port), hasWeb: web !== null, stop: closeAll };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

function databaseConfig(options: SoloOptions, log: Logger): Parameters<typeof openDatabase>[0] {
  if (options.databaseUrl !== null) return { kind: 'postgres', url: options.databaseUrl };
  return {
    kind: 'embedded',
    dataDir: join(options.dataFolder, 'postgres'),
    onMaintenanceError: (error) => log.error({ err: error }, 'vacuum failed'),
  };
}

/** Returns what stops it. */
function startRunner(runner: Runner, log: Logger): () => Promise<void> {
  const ending = new AbortController();
  const ended = runner.run(ending.signal).catch((error: unknown) => log.error({ err: error }, 'the runner ended'));
  return async () => {
    ending.abort();
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, RUNNER_STOP_MS);
    });
    await Promise.race([ended, patience]);
    clearTimeout(timer);
  };
}

/** Listening everywhere includes this machine. */
function urlOf(host: string, port: number): string {
  const local = ['127.0.0.1', '0.0.0.0', '::', '::1', 'localhost'].includes(host);
  const name = local ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `http://${name}:${port}`;
}
