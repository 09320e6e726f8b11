// Builds the web app when its sources changed since the last build. Runs before `npm start` and before the tests.
import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { FolderHeldError, lockFolder } from '../packages/db/src/folder-lock.ts';
import { bin, root, runCommand, stopWithChildren } from './run-command.ts';

/** Where the built app lies, relative to the root. */
export const webBuildFolder = 'apps/web/build';
const stampFile = join(root, webBuildFolder, '.stamp');
const turnFolder = join(root, 'node_modules/.manara-web-build');
const turnPollMs = 200;

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
  const release = await takeTurn(turnFolder);
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

/** Two builds at once (`npm start` beside `npm test`) would delete each other's files. Returns how to let the next one in. */
export async function takeTurn(folder: string): Promise<() => void> {
  for (;;) {
    try {
      return (await lockFolder(folder)).release;
    } catch (error) {
      if (!(error instanceof FolderHeldError)) throw error;
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
