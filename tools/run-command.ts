import { type ChildProcess, spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root folder, with a trailing slash. */
export const root: string = fileURLToPath(new URL('..', import.meta.url));
const windows = process.platform === 'win32';

/** A command that does not end in this time is broken: nothing in the repository takes half as long. */
const limitMs = 10 * 60_000;

export interface CommandOptions {
  /** Relative to the root. */
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** `show` writes straight to our own output, `keep` returns it. */
  readonly output: 'show' | 'keep';
}

export interface CommandResult {
  readonly ok: boolean;
  /** Everything it wrote, when kept. */
  readonly text: string;
  readonly ms: number;
}

const running = new Set<ChildProcess>();
let stopping = false;

/** The path of a tool from the workspace's packages; `folder` is the package that lists it. */
export function bin(name: string, folder = '.'): string {
  return join(root, folder, 'node_modules', '.bin', windows ? `${name}.cmd` : name);
}

/** Passes a stop on to whatever runs and ends with it. Without it the tests' servers would outlive a stopped run. */
export function stopWithChildren(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      stopping = true;
      for (const child of running) child.kill(signal);
      if (running.size === 0) process.exit(130);
    });
  }
}

/** Runs a command to its end. Never rejects: a command that cannot start is a failed one with the reason as its text. */
export function runCommand(file: string, args: readonly string[], options: CommandOptions): Promise<CommandResult> {
  const started = performance.now();
  const path = [dirname(process.execPath), process.env.PATH].filter(Boolean).join(windows ? ';' : ':');
  return new Promise((resolve) => {
    const child = spawn(file, args, {
      cwd: join(root, options.cwd ?? '.'),
      env: { ...process.env, PATH: path, ...options.env },
      stdio: [
        'ignore',
        ...(options.output === 'show' ? (['inherit', 'inherit'] as const) : (['pipe', 'pipe'] as const)),
      ],
      shell: windows,
    });
    let text = '';
    let done = false;
    const finish = (ok: boolean, note = '') => {
      if (done) return;
      done = true;
      clearTimeout(timer);
      running.delete(child);
      if (stopping && running.size === 0) process.exit(130);
      resolve({ ok, text: `${text}${note}`.trim(), ms: performance.now() - started });
    };
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      finish(false, `\nEnded after ${limitMs / 60_000} minutes without an end of its own.`);
    }, limitMs);
    running.add(child);
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
    }
    child.on('error', (error) => finish(false, error.message));
    child.on('close', (code) => finish(code === 0));
  });
}
