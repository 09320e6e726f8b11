// Builds the web app when its sources changed since the last build. Runs before `npm start` and before the tests.
import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout } from 'node:timers/promises';
import { bin, root, runCommand, stopWithChildren } from './run-command.ts';

/** Where the built app lies, relative to the root. */
export const webBuildFolder = 'apps/web/build';
const stampFile = join(root, webBuildFolder, '.stamp');
const lockFile = join(root, 'node_modules/.manara-web-build.sqlite');
const turnPollMs = 200;
const sqliteBusy = 5;

/** Everything the browser loads comes from here; `db`, services and tests do not. */
const sources = [
  'apps/web/{src,static}/**/*',
  'apps/web/*.{json,ts,js}',
  'packages/{kernel,sync-core,protocol,shared-ai,modules,sync-client,local-db,ui}/src/**/*',
  'packages/{kernel,sync-core,protocol,shared-ai,modules,sync-client,local-db,ui}/package.json',
  'pnpm-lock.yaml',
  'tsconfig.base.json',
];
const ignored = /\.test\.ts$|(^|\/)node_modules\/|^apps\/web\/playwright/;

export type WebBuild = { ok: true; built: boolean; version: string; ms: number } | { ok: false; text: string };

/** A short hash of all sources: the app's version, so that a rebuild of the same sources is no update. */
export function webVersion(): string {
  const files = globSync(sources, { cwd: root, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length).replaceAll('\\', '/'))
    .filter((path) => !ignored.test(path))
    .sort();
  const hash = createHash('sha256');
  for (const path of files)
    hash
      .update(path)
      .update('\0')
      .update(readFileSync(join(root, path)))
      .update('\0');
  return hash.digest('hex').slice(0, 16);
}

/** Builds unless the last build was of the same sources. `onBuild` is called before the slow part. */
export async function buildWeb(onBuild: () => void = () => {}): Promise<WebBuild> {
  const version = webVersion();
  if (isBuilt(version)) return { ok: true, built: false, version, ms: 0 };
  onBuild();
  const release = await takeTurn(lockFile);
  try {
    // Whoever built before us may have built the same.
    if (isBuilt(version)) return { ok: true, built: false, version, ms: 0 };
    return await build(version);
  } finally {
    release();
  }
}

function isBuilt(version: string): boolean {
  return existsSync(stampFile) && readFileSync(stampFile, 'utf8') === version;
}

async function build(version: string): Promise<WebBuild> {
  const env = { APP_VERSION: version, NODE_ENV: 'production' };
  const run = await runCommand(bin('vite', 'apps/web'), ['build', '--logLevel', 'warn'], {
    cwd: 'apps/web',
    env,
    output: 'keep',
  });
  if (!run.ok) return { ok: false, text: run.text };
  writeFileSync(stampFile, version);
  return { ok: true, built: true, version, ms: run.ms };
}

/**
 * Two builds at once (`npm start` beside `npm test`) would delete each other's files. Returns how to let the next one in;
 * the system does so too when the process ends, however it ends: packages/db/src/folder-lock.ts says why SQLite.
 */
export async function takeTurn(file: string): Promise<() => void> {
  for (;;) {
    const lock = new DatabaseSync(file, { timeout: 0 });
    try {
      lock.exec('pragma journal_mode = memory; begin exclusive');
      return () => lock.close();
    } catch (error) {
      lock.close();
      if ((error as { errcode?: number }).errcode !== sqliteBusy) throw error;
    }
    await setTimeout(turnPollMs);
  }
}

if (import.meta.main) {
  stopWithChildren();
  const build = await buildWeb(() => console.log('Building the web app (its sources changed)…'));
  if (!build.ok) {
    console.error(`${build.text}\nThe web app could not be built.`);
    process.exit(1);
  }
}
