import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FolderHeldError, lockFolder } from './folder-lock.ts';

const HOLD = `
  const { lockFolder } = await import(process.argv[1]);
  try { await lockFolder(process.argv[2]); process.stdout.write('held'); setInterval(() => {}, 1000); }
  catch (error) { process.stdout.write(error.name); }`;

let folder: string;
const children: ChildProcess[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'manara-lock-'));
});

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

async function holder(): Promise<{ child: ChildProcess; said: string }> {
  const module = new URL('./folder-lock.ts', import.meta.url).href;
  const child = spawn(process.execPath, ['--input-type=module', '-e', HOLD, module, folder]);
  children.push(child);
  const [said] = await once(child.stdout as NodeJS.ReadableStream, 'data');
  return { child, said: String(said) };
}

test('a folder is held by one process, whose number the error names', async () => {
  const { child, said } = await holder();
  expect(said).toBe('held');
  const refused = await lockFolder(folder).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(FolderHeldError);
  expect((refused as Error).message).toContain(`pid ${child.pid}`);
  expect((refused as Error).message).toContain(folder);
});

test('a lock left by a killed process is taken over at once', async () => {
  const { child } = await holder();
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(existsSync(join(folder, 'lock'))).toBe(true);
  await (await lockFolder(folder)).release();
  expect(await readdir(folder)).toEqual([]);
});

test('a live process with the number of the dead holder does not keep the lock', async () => {
  await writeFile(join(folder, 'lock'), JSON.stringify({ pid: process.pid, startedAt: 'another boot 17' }));
  await (await lockFolder(folder)).release();
});

test('a damaged lock file is taken over', async () => {
  await writeFile(join(folder, 'lock'), '{"pid":');
  await (await lockFolder(folder)).release();
});

test('the holder itself cannot take it twice, and can after releasing', async () => {
  const lock = await lockFolder(folder);
  await expect(lockFolder(folder)).rejects.toThrow(FolderHeldError);
  await lock.release();
  await (await lockFolder(folder)).release();
});

test('of many starting on a dead lock, one wins', async () => {
  await writeFile(join(folder, 'lock'), JSON.stringify({ pid: 2 ** 22 + 1, startedAt: 'gone' }));
  const said = (await Promise.all(Array.from({ length: 6 }, holder))).map((each) => each.said).sort();
  expect(said).toEqual([...Array.from({ length: 5 }, () => 'FolderHeldError'), 'held']);
  expect(JSON.parse(await readFile(join(folder, 'lock'), 'utf8')).pid).toBeGreaterThan(0);
});
