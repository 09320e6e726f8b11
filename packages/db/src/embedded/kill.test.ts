import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openDatabase } from '../client.ts';

const ROUNDS = 3;

/** Commits numbers one by one, from several connections, and says each only when it is committed. */
const WRITER = `
  const { openDatabase } = await import(process.argv[1]);
  const db = await openDatabase({ kind: 'embedded', dataDir: process.argv[2] });
  await db.sql\`create table if not exists numbers (n int primary key)\`;
  let next = Number(process.argv[3]);
  const write = async () => {
    for (;;) {
      const n = next++;
      await db.sql\`insert into numbers values (\${n})\`;
      process.stdout.write(n + '\\n');
    }
  };
  await Promise.all([write(), write(), write()]);`;

test('kill -9 in the middle of writing loses nothing that was acknowledged, round after round', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'manara-kill-'));
  const dataDir = join(folder, 'postgres');
  const client = new URL('../client.ts', import.meta.url).href;
  const acknowledged: number[] = [];
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const child = spawn(process.execPath, ['--input-type=module', '-e', WRITER, client, dataDir, `${round * 1e6}`], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let said = '';
      child.stdout.on('data', (data) => {
        said += String(data);
      });
      const ended = once(child, 'close').then(() => {
        throw new Error('the writer ended by itself');
      });
      while (said.split('\n').length < 50) await Promise.race([once(child.stdout, 'data'), ended]);
      await new Promise((resolve) => setTimeout(resolve, 37 * round));
      child.kill('SIGKILL');
      await ended.catch(() => {});
      acknowledged.push(...said.slice(0, said.lastIndexOf('\n')).split('\n').map(Number));
    }
    const db = await openDatabase({ kind: 'embedded', dataDir });
    const rows = await db.sql<{ n: number }[]>`select n from numbers`;
    await db.close();
    const kept = new Set(rows.map((row) => row.n));
    expect(acknowledged.length).toBeGreaterThan(ROUNDS * 40);
    expect(acknowledged.filter((n) => !kept.has(n))).toEqual([]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 180_000);
