import { randomBytes } from 'node:crypto';
import { uuid7 } from '@manara/kernel/id';
import { PUSH_OPS_MAX } from '@manara/protocol/limits';
import { type Account, signUp } from './account.ts';
import { ratioFigure } from './figure.ts';
import { interleave } from './interleave.ts';
import type { Measurement } from './measurement.ts';
import { inPage, openBenchPage, openBrowser } from './open-browser.ts';
import { openSolo } from './open-solo.ts';
import { pushClient } from './push-client.ts';
import { sampleTodos } from './sample-todos.ts';

export const coldStart: Measurement = {
  name: 'cold-start',
  title: 'Cold start of a new device with 10,000 records against a bare bulk put (Chromium, real server)',
  async run(bench) {
    const count = bench.quick ? 1_000 : 10_000;
    const solo = await openSolo(bench);
    const account = await signUp(solo.url);
    await fill(account, count);
    const page = await openBenchPage(bench, await openBrowser(bench), solo.url);
    const session = { token: account.token, space: account.space, epoch: account.epoch };
    const timings = await interleave(
      {
        coldStart: () => inPage(page, 'coldStart', session, count),
        download: () => inPage(page, 'download', session, count),
        bulkPut: () => inPage(page, 'bulkPut', count),
      },
      bench.quick ? { warmUps: 1, rounds: 2 } : { warmUps: 1, rounds: 7 },
    );
    const baseline = { label: 'bare bulk put', values: timings.bulkPut };
    const records = `${count.toLocaleString('en')} records`;
    return [
      ratioFigure(`${records}: new device to all there`, 'ms', timings.coldStart, baseline),
      ratioFigure(`${records}: of that, download alone`, 'ms', timings.download, baseline),
    ];
  },
};

async function fill(account: Account, count: number): Promise<void> {
  const client = pushClient(account);
  const newId = () => uuid7(Date.now(), randomBytes(10));
  const ops = sampleTodos(count, { newId, nowMs: Date.now(), today: '2026-11-20' }).map(client.op);
  for (let at = 0; at < ops.length; at += PUSH_OPS_MAX) await client.push(ops.slice(at, at + PUSH_OPS_MAX));
}
