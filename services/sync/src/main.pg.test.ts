import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { freshDatabase } from '@manara/testkit/fresh-database';
import { afterEach, expect, it } from 'vitest';

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));
const running: ChildProcess[] = [];

afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
});

function start(env: Record<string, string>, ...args: string[]) {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { PATH: process.env.PATH, MANARA_SECRET: 'sixteen letters.', MANARA_PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.push(child);
  return child;
}

/** The port, once it listens. */
async function listening(child: ChildProcess): Promise<number> {
  for await (const chunk of child.stdout ?? []) {
    const port = /"port":(\d+),"msg":"the sync service listens"/.exec(String(chunk))?.[1];
    if (port) return Number(port);
  }
  throw new Error('It ended without listening.');
}

/** What a start that cannot be says, and its exit code. */
async function refused(child: ChildProcess): Promise<[code: number, errors: string]> {
  const errors = child.stderr ? text(child.stderr) : '';
  const [code] = await once(child, 'exit');
  return [code, await errors];
}

it('serves the API, says in one line that its port is taken, and ends cleanly', async () => {
  const DATABASE_URL = await freshDatabase();
  const first = start({ DATABASE_URL });
  const port = await listening(first);
  expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(200);

  const [code, errors] = await refused(start({ DATABASE_URL, MANARA_PORT: String(port) }));
  expect([code, errors]).toEqual([1, `Port ${port} on 127.0.0.1 is in use: choose another one.\n`]);

  const gone = once(first, 'exit');
  first.kill('SIGTERM');
  expect(await gone).toEqual([0, null]);
});

it('says in one line what is in the way of its start', async () => {
  const [code, errors] = await refused(start({ DATABASE_URL: 'postgres://ada:secret@127.0.0.1:1/manara' }));
  expect([code, errors]).toEqual([1, 'The sync service could not start: connect ECONNREFUSED 127.0.0.1:1\n']);
  const [, unknown] = await refused(start({}, '--port', '3'));
  expect(unknown).toBe('--port: there is no such option. See --help.\n');
  const [, unset] = await refused(start({}));
  expect(unset).toMatch(/^DATABASE_URL is missing: .*\n\nThe environment:\n/);
});
