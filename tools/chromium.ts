import { existsSync } from 'node:fs';
import { chromium } from 'playwright';
import { installedChromium, isExecutable } from '../packages/testkit/src/installed-chromium.ts';
import { runCommand } from './run-command.ts';

/**
 * The Chromium for the browser tests: `CHROMIUM_PATH`, one on PATH, Playwright's own, else Debian's, installed when we may.
 * Returns its path, or one line that says what to do.
 */
export async function findChromium(): Promise<{ ok: true; path: string } | { ok: false; reason: string }> {
  const given = process.env.CHROMIUM_PATH;
  if (given) {
    return isExecutable(given)
      ? { ok: true, path: given }
      : { ok: false, reason: `CHROMIUM_PATH: there is no program ${given}.` };
  }
  const found = installedChromium() ?? playwrightsOwn() ?? (await debians());
  if (found) return { ok: true, path: found };
  return {
    ok: false,
    reason:
      'No Chromium found: install one (apt-get install chromium-headless-shell), run "pnpm exec playwright install chromium", or set CHROMIUM_PATH.',
  };
}

function playwrightsOwn(): string | undefined {
  const path = chromium.executablePath();
  return path && existsSync(path) ? path : undefined;
}

async function debians(): Promise<string | undefined> {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return undefined;
  console.log('Installing Chromium with apt-get (once)…');
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  for (const args of [['update'], ['install', '-y', '--no-install-recommends', 'chromium-headless-shell']]) {
    const run = await runCommand('/usr/bin/apt-get', ['-qq', ...args], { env, output: 'keep' });
    if (!run.ok) {
      console.error(run.text.trim());
      return undefined;
    }
  }
  return installedChromium();
}
