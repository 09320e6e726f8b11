import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A real `npm start` process, without the build before it. */
export type SoloProcess = {
  url: string;
  pid: number;
  /** Everything it has printed. */
  output(): string;
  /** Sends the signal and resolves with exit code and time when it has ended. */
  end(signal: NodeJS.Signals): Promise<{ code: number | null; ms: number }>;
};

export type SoloProcessOptions = {
  dataFolder: string;
  /** 0: any free one. */
  port?: number;
  env?: Record<string, string>;
  args?: readonly string[];
};

const MAIN = fileURLToPath(new URL('../../../services/solo/src/main.ts', import.meta.url));
const START_MS_MAX = 90_000;

/** What it inherits: nothing that would change where it listens or what it uses. */
const CLEAN = /^(MANARA_|OPENAI_|DATABASE_URL$|VALKEY_URL$)/;

/** Starts solo and resolves when it says where it is. Rejects with its output when it ends before. */
export async function startSoloProcess(options: SoloProcessOptions): Promise<SoloProcess> {
  const { child, output } = spawnSolo(options);
  const ended = once(child, 'exit');
  const started = Date.now();
  for (;;) {
    const url = /running at (\S+)/.exec(output())?.[1];
    if (url) return { url, pid: child.pid as number, output, end: (signal) => end(child, ended, signal) };
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`solo ended: ${output()}`);
    if (Date.now() - started > START_MS_MAX) {
      child.kill('SIGKILL');
      throw new Error(`solo did not start in ${START_MS_MAX} ms: ${output()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/** Starts solo where it cannot run; resolves with its exit code and what it said. */
export async function runSoloToItsEnd(options: SoloProcessOptions): Promise<{ code: number | null; output: string }> {
  const { child, output } = spawnSolo(options);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output: output() };
}

function spawnSolo({ dataFolder, port = 0, env = {}, args = [] }: SoloProcessOptions) {
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !CLEAN.test(name)));
  const child = spawn(process.execPath, [MAIN, '--data', dataFolder, '--port', String(port), ...args], {
    env: { ...inherited, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  const keep = (data: Buffer) => {
    text += data.toString();
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  return { child, output: () => text };
}

async function end(child: ChildProcess, ended: Promise<unknown>, signal: NodeJS.Signals) {
  const started = performance.now();
  child.kill(signal);
  await ended;
  return { code: child.exitCode, ms: performance.now() - started };
}
