import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

export type FolderLock = { release(): void };

export class FolderHeldError extends Error {
  /** Null in the moment between taking the lock and saying who has it. */
  readonly pid: number | null;
  constructor(folder: string, pid: number | null) {
    const who = pid === null ? 'a running process' : `a running process (pid ${pid})`;
    super(`The data folder ${folder} is in use by ${who}. Stop it, or choose another folder.`);
    this.name = 'FolderHeldError';
    this.pid = pid;
  }
}

const SQLITE_BUSY = 5;

/**
 * Takes the lock of a data folder (made when missing), without waiting. Throws `FolderHeldError` when a live process
 * holds it, this one included.
 *
 * The operating system keeps the lock and drops it when the process ends, however it ends: a file that says who has the
 * lock cannot be taken over from the dead without a moment in which two can. Node has no call for such a lock of its
 * own, so an empty SQLite database in an exclusive transaction stands for it (https://sqlite.org/lockingv3.html).
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const path = resolve(folder);
  await mkdir(path, { recursive: true });
  const pidFile = join(path, 'pid');
  const lock = takeLock(join(path, 'lock.sqlite'));
  if (!lock) throw new FolderHeldError(path, readPid(pidFile));
  writeFileSync(pidFile, `${process.pid}\n`, { mode: 0o600 });
  return {
    release() {
      rmSync(pidFile, { force: true });
      lock.close();
    },
  };
}

function takeLock(path: string): DatabaseSync | null {
  const lock = new DatabaseSync(path, { timeout: 0 });
  try {
    // Nothing is ever written: no journal has to lie beside it.
    lock.exec('pragma journal_mode = memory; begin exclusive');
    return lock;
  } catch (error) {
    lock.close();
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return null;
    throw new Error(`${path} could not be locked: ${(error as Error).message}`, { cause: error });
  }
}

function readPid(path: string): number | null {
  const pid = existsSync(path) ? Number(readFileSync(path, 'utf8')) : 0;
  return pid > 0 ? pid : null;
}
