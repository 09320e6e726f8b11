import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startSoloProcess } from '@manara/testkit/solo-process';
import type { Bench } from './measurement.ts';
import { tempFolder } from './temp-folder.ts';

const BUILD = fileURLToPath(new URL('../../tools/build-web.ts', import.meta.url));
/** Solo ends itself within 5 s of the signal. */
const STOP_MS_MAX = 8_000;

/** The real server in a process of its own, with an embedded database in a folder of its own or the one of `databaseUrl`. */
export async function openSolo(
  bench: Bench,
  options: { readonly databaseUrl?: string } = {},
): Promise<{ readonly url: string; readonly pid: number }> {
  const dataFolder = join(await tempFolder(bench), 'data');
  const env: Record<string, string> = options.databaseUrl === undefined ? {} : { DATABASE_URL: options.databaseUrl };
  const solo = await startSoloProcess({ dataFolder, env });
  bench.keep(async () => {
    const timer = setTimeout(() => void solo.end('SIGKILL'), STOP_MS_MAX);
    await solo.end('SIGTERM');
    clearTimeout(timer);
  });
  // By number: looking up the name would be timed too.
  return { url: solo.url.replace('//localhost:', '//127.0.0.1:'), pid: solo.pid };
}

/** Builds the web app as `npm start` does before it starts the server. */
export async function buildWebApp(bench: Bench): Promise<void> {
  const child = spawn(process.execPath, [BUILD], { stdio: ['ignore', 'ignore', 'inherit'] });
  const ended = once(child, 'exit');
  bench.keep(async () => void child.kill('SIGTERM'));
  const [code] = (await ended) as [number | null];
  if (code !== 0) throw new Error(`the web app could not be built (${code})`);
}
