import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench, Measurement } from './measurement.ts';
import { buildWebApp, openSolo } from './open-solo.ts';

export const idleMemory: Measurement = {
  name: 'idle-memory',
  title: 'Memory of an idle server with its embedded database (resident set)',
  async run(bench) {
    const idleMs = bench.quick ? 2_000 : 10_000;
    await buildWebApp(bench);
    const barePid = await startBareNode(bench);
    const solo = await openSolo(bench);
    await sleep(idleMs);
    const note = `${idleMs / 1000} s after it was ready`;
    return [
      { kind: 'size', label: 'server process', unit: 'MB', value: residentBytes(solo.pid) / 1e6, note },
      {
        kind: 'size',
        label: 'for comparison: Node with nothing to do',
        unit: 'MB',
        value: residentBytes(barePid) / 1e6,
        note: process.version,
      },
    ];
  },
};

async function startBareNode(bench: Bench): Promise<number> {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  await once(child, 'spawn');
  bench.keep(async () => void child.kill('SIGKILL'));
  return child.pid as number;
}

function residentBytes(pid: number): number {
  const status = `/proc/${pid}/status`;
  const text = existsSync(status)
    ? /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(status, 'utf8'))?.[1]
    : spawnSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' }).stdout;
  const kibibytes = Number.parseInt(text ?? '', 10);
  if (!Number.isInteger(kibibytes)) throw new Error(`the system does not say how large process ${pid} is`);
  return kibibytes * 1024;
}
