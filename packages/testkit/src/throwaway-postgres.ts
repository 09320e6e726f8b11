import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { findPostgresBinaries, type PostgresBinaries, type RunAs, unprivilegedUser } from './postgres-binaries.ts';

/** A Postgres for tests: databases are made in it and thrown away with it. */
export type ThrowawayPostgres = {
  /** URL of the maintenance database, as a superuser. */
  url: string;
  /** In words for the log: which Postgres this is. */
  description: string;
  /** Makes a database, a copy of `template` when given (nobody may be connected to it), and returns its URL. About 40 ms. */
  createDatabase(options?: { template?: string; name?: string }): Promise<string>;
  stop(): Promise<void>;
};

const START_TIMEOUT_MS = 20_000;
const START_ATTEMPTS = 3;

/** Nothing that is thrown away needs to survive a power cut. */
const SETTINGS = [
  'fsync=off',
  'synchronous_commit=off',
  'full_page_writes=off',
  'max_connections=200',
  'shared_buffers=128MB',
  'autovacuum=on',
  'listen_addresses=127.0.0.1',
];

/** Starts a server on a random port, or uses the one of `DATABASE_URL`. Throws with one clear line when there is none. */
export async function startThrowawayPostgres(): Promise<ThrowawayPostgres> {
  const given = process.env.DATABASE_URL;
  if (given) return borrowServer(given);
  const runAs = unprivilegedUser();
  const binaries = findPostgresBinaries(runAs);
  const folder = mkdtempSync(join(tmpdir(), 'manara-postgres-'));
  const release = () => {
    rmSync(folder, { recursive: true, force: true });
    binaries.dispose();
  };
  try {
    if (runAs) chownSync(folder, runAs.uid, runAs.gid);
    chmodSync(folder, 0o700);
    initialise(binaries, folder, runAs);
    const { child, port } = await startOnFreePort(binaries, folder, runAs);
    const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
    return {
      url,
      description: `Postgres from ${binaries.origin === 'npm' ? 'its npm package' : binaries.bin}, port ${port}`,
      createDatabase: (options) => createDatabase(url, options),
      stop: async () => {
        await end(child);
        release();
      },
    };
  } catch (error) {
    release();
    throw error;
  }
}

function borrowServer(url: string): ThrowawayPostgres {
  const made: string[] = [];
  return {
    url,
    description: `Postgres of DATABASE_URL (${new URL(url).host})`,
    createDatabase: async (options) => {
      const created = await createDatabase(url, options);
      made.push(new URL(created).pathname.slice(1));
      return created;
    },
    stop: async () => {
      await withServer(url, async (sql) => {
        for (const name of made) await sql`drop database if exists ${sql(name)} with (force)`;
      });
    },
  };
}

async function withServer<T>(url: string, work: (sql: postgres.Sql) => Promise<T>): Promise<T> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    return await work(sql);
  } finally {
    await sql.end({ timeout: 2 });
  }
}

/** Makes a database on the server of `serverUrl` (any of its databases) and returns the new one's URL. */
export async function createDatabase(
  serverUrl: string,
  options: { template?: string; name?: string } = {},
): Promise<string> {
  const name = options.name ?? `test_${randomBytes(8).toString('hex')}`;
  await withServer(
    serverUrl,
    (sql) => sql`create database ${sql(name)} template ${sql(options.template ?? 'template0')}`,
  );
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}

function initialise(binaries: PostgresBinaries, folder: string, runAs: RunAs | undefined): void {
  const data = join(folder, 'data');
  const base = ['-D', data, '-U', 'postgres', '-A', 'trust', '--no-sync', '-E', 'UTF8'];
  // A locale whose text order is not byte order, as many servers have it: a forgotten collate "C" then fails a test.
  const attempts = [
    ['--locale=C', '--locale-provider=icu', '--icu-locale=en-US'],
    ['--locale=C.UTF-8'],
    ['--locale=C'],
  ];
  let last = '';
  for (const locale of attempts) {
    const run = spawnSync(join(binaries.bin, 'initdb'), [...base, ...locale], {
      ...runAs,
      cwd: folder,
      encoding: 'utf8',
    });
    if (run.status === 0) return;
    last = `${run.stdout}${run.stderr}${run.error?.message ?? ''}`;
    rmSync(data, { recursive: true, force: true });
  }
  throw new Error(`initdb failed: ${last.trim()}`);
}

async function startOnFreePort(binaries: PostgresBinaries, folder: string, runAs: RunAs | undefined) {
  let failure: unknown;
  for (let attempt = 0; attempt < START_ATTEMPTS; attempt += 1) {
    const port = await freePort();
    const child = spawnServer(binaries, folder, port, runAs);
    try {
      await ready(child);
      return { child, port };
    } catch (error) {
      failure = error;
      await end(child);
    }
  }
  throw failure;
}

/**
 * The shell between us and Postgres ends it, and removes its files, as soon as our end of its standard input closes: a
 * test run that is killed leaves nothing behind.
 */
const WATCH = `
folder=$1; shift
"$@" </dev/null &
server=$!
cat >/dev/null
kill -INT $server 2>/dev/null
wait $server
cd / && rm -rf "$folder"
`;

function spawnServer(binaries: PostgresBinaries, folder: string, port: number, runAs: RunAs | undefined): ChildProcess {
  const settings = [...SETTINGS, `port=${port}`, `unix_socket_directories=${folder}`].flatMap((setting) => [
    '-c',
    setting,
  ]);
  const server = [join(binaries.bin, 'postgres'), '-D', join(folder, 'data'), ...settings];
  return spawn('/bin/sh', ['-c', WATCH, 'sh', folder, ...server], {
    ...runAs,
    cwd: folder,
    // Its own group: Ctrl-C in the terminal must not end the database before the tests that use it.
    detached: true,
    stdio: ['pipe', 'ignore', 'pipe'],
  });
}

/** Resolves when the server takes connections. */
function ready(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let log = '';
    const timer = setTimeout(
      () => reject(new Error(`Postgres did not start in time: ${log.trim()}`)),
      START_TIMEOUT_MS,
    );
    child.on('error', reject);
    child.stderr?.on('data', (chunk: Buffer) => {
      log = (log + chunk.toString('utf8')).slice(-4000);
      const failed = /FATAL:|could not /.test(log);
      if (!failed && !log.includes('ready to accept connections')) return;
      clearTimeout(timer);
      if (failed) reject(new Error(`Postgres did not start: ${log.trim()}`));
      else resolve();
      child.stderr?.removeAllListeners('data');
      child.stderr?.resume();
    });
    child.unref();
    (child.stdin as { unref?: () => void } | null)?.unref?.();
    (child.stderr as { unref?: () => void } | null)?.unref?.();
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.ref();
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.stdin?.end();
  await gone;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() =>
        address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}
