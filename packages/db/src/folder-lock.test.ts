import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FolderHeldError, lockFolder } from './folder-lock.ts';

/** Takes the lock when it is told to, and keeps it. */
const HOLD = `
  const { lockFolder } = await import(process.argv[1]);
  process.stdin.once('data', async () => {
    try { await lockFolder(process.argv[2]); process.stdout.write('held'); setInterval(() => {}, 1000); }
    catch (error) { process.stdout.write(error.name); }
  });
  process.stdout.write('ready');`;

let folder: string;
const children: ChildProcess[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'manara-lock-'));
});

afterEach(async () => {
  await killAll();
  await rm(folder, { recursive: true, force: true });
});

async function killAll(): Promise<void> {
  const kill = async (child: ChildProcess) => {
    const gone = once(child, 'exit');
    if (child.kill('SIGKILL')) await gone;
  };
  await Promise.all(children.splice(0).map(kill));
}

const says = async (child: ChildProcess): Promise<string> =>
  String((await once(child.stdout as NodeJS.ReadableStream, 'data'))[0]);

/** So many processes that all try at one moment, and what each of them said. */
async function starters(count: number): Promise<string[]> {
  const module = new URL('./folder-lock.ts', import.meta.url).href;
  const started = Array.from({ length: count }, () =>
    spawn(process.execPath, ['--input-type=module', '-e', HOLD, module, folder]),
  );
  children.push(...started);
  await Promise.all(started.map(says));
  const said = started.map(says);
  for (const child of started) child.stdin.write('go');
  return Promise.all(said);
}

test('a folder is held by one process, whose number the error names', async () => {
  expect(await starters(1)).toEqual(['held']);
  const refused = await lockFolder(folder).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(FolderHeldError);
  expect((refused as Error).message).toContain(`pid ${children[0]?.pid}`);
  expect((refused as Error).message).toContain(folder);
});

test('the lock of a killed process is free at once, and of many who start then one gets it', async () => {
  for (let round = 0; round < 3; round++) {
    const said = (await starters(6)).sort();
    expect(said).toEqual([...Array.from({ length: 5 }, () => 'FolderHeldError'), 'held']);
    await killAll();
  }
});

test('the holder itself cannot take it twice, and can after releasing', async () => {
  const lock = await lockFolder(folder);
  await expect(lockFolder(folder)).rejects.toThrow(FolderHeldError);
  lock.release();
  (await lockFolder(folder)).release();
});

test('a holder that has not yet said who it is is refused in words too', async () => {
  await starters(1);
  await writeFile(join(folder, 'pid'), '');
  await expect(lockFolder(folder)).rejects.toThrow('in use by a running process. Stop it');
});

test('a file that cannot be a lock is said, not taken for a holder', async () => {
  await writeFile(join(folder, 'lock.sqlite'), 'not a database, and longer than an empty file is '.repeat(20));
  await expect(lockFolder(folder)).rejects.toThrow(/lock\.sqlite could not be locked: .*not a database/);
});
