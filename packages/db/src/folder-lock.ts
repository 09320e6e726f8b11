import { existsSync, readFileSync } from 'node:fs';
import { link, mkdir, readFile, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

/** Written as JSON. The start time tells a process from a later one that was given the same number. */
type Holder = { pid: number; startedAt: string };

export type FolderLock = { release(): Promise<void> };

export class FolderHeldError extends Error {
  readonly pid: number;
  constructor(folder: string, pid: number) {
    super(`The data folder ${folder} is in use by a running process (pid ${pid}). Stop it, or choose another folder.`);
    this.name = 'FolderHeldError';
    this.pid = pid;
  }
}

const ATTEMPTS_MAX = 20;

/**
 * Takes the lock of a data folder (made when missing). A lock left by a dead process is taken over at once. Throws
 * `FolderHeldError` when a live process holds it, this one included.
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const path = join(resolve(folder), 'lock');
  await mkdir(resolve(folder), { recursive: true });
  const mine: Holder = { pid: process.pid, startedAt: processStart(process.pid) ?? '' };
  const text = JSON.stringify(mine);
  const draft = `${path}.${process.pid}.${process.hrtime.bigint()}`;
  await writeFile(draft, text, { mode: 0o600 });
  try {
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      if (await linkUnlessThere(draft, path)) return { release: () => release(path, text) };
      const found = await readLock(path);
      if (found === null) continue; // Released between the two steps.
      const holder = parseHolder(found);
      if (holder && isAlive(holder)) throw new FolderHeldError(resolve(folder), holder.pid);
      await discard(path, found, `${draft}.stale`);
    }
    throw new Error(`The lock of ${resolve(folder)} keeps changing hands: several processes are starting on it.`);
  } finally {
    await unlink(draft);
  }
}

/** A hard link is made whole or not at all, so nobody ever reads half a lock. */
async function linkUnlessThere(draft: string, path: string): Promise<boolean> {
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function readLock(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/**
 * Removes a dead process's lock. It is renamed first and looked at again: another starter may have taken over in
 * between, and then the lock just moved is a live one and goes back.
 */
async function discard(path: string, expected: string, aside: string): Promise<void> {
  try {
    await rename(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const moved = await readFile(aside, 'utf8');
  if (moved !== expected) await linkUnlessThere(aside, path);
  await rm(aside, { force: true });
}

async function release(path: string, text: string): Promise<void> {
  if ((await readLock(path)) === text) await rm(path, { force: true });
}

function parseHolder(text: string): Holder | null {
  try {
    const value = JSON.parse(text) as Partial<Holder>;
    return typeof value.pid === 'number' && typeof value.startedAt === 'string' ? (value as Holder) : null;
  } catch {
    return null;
  }
}

function isAlive(holder: Holder): boolean {
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    // EPERM: it lives, under another user.
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const startedAt = processStart(holder.pid);
  if (startedAt === ENDED) return false;
  return startedAt === null || holder.startedAt === '' || startedAt === holder.startedAt;
}

/** What `processStart` says of a zombie: killed, but its parent has not taken note. */
const ENDED = 'ended';

/**
 * Boot id and start tick of a process, or null where /proc does not tell (then the number alone decides). Fields 3 and
 * 22 of /proc/<pid>/stat, counted after the command name, which may itself hold spaces and parentheses.
 */
function processStart(pid: number): string | null {
  if (!existsSync('/proc/self/stat')) return null;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return ENDED;
    const tick = fields[19];
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return tick ? `${boot} ${tick}` : null;
  } catch {
    return null;
  }
}
