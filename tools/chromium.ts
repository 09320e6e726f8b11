import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium } from 'playwright';

const names = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome'];

/**
 * The Chromium for the browser tests: `CHROMIUM_PATH`, one on PATH, Playwright's own, else Debian's, installed when we may.
 * Returns its path, or one line that says what to do.
 */
export function findChromium(): { ok: true; path: string } | { ok: false; reason: string } {
  const given = process.env.CHROMIUM_PATH;
  if (given) {
    return isExecutable(given)
      ? { ok: true, path: given }
      : { ok: false, reason: `CHROMIUM_PATH: there is no program ${given}.` };
  }
  const found = onPath() ?? playwrightsOwn() ?? debians();
  if (found) return { ok: true, path: found };
  return {
    ok: false,
    reason:
      'No Chromium found: install one (apt-get install chromium), run "pnpm exec playwright install chromium", or set CHROMIUM_PATH.',
  };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function onPath(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable);
}

function playwrightsOwn(): string | undefined {
  const path = chromium.executablePath();
  return path && existsSync(path) ? path : undefined;
}

function debians(): string | undefined {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return undefined;
  console.log('Installing Chromium with apt-get (once)…');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const args of [['update'], ['install', '-y', '--no-install-recommends', 'chromium']]) {
    const run = spawnSync('apt-get', ['-qq', ...args], { env, encoding: 'utf8' });
    if (run.status !== 0) {
      console.error(`${run.stdout}${run.stderr}`.trim());
      return undefined;
    }
  }
  return onPath();
}
