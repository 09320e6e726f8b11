import { ratioFigure } from './figure.ts';
import { interleave } from './interleave.ts';
import type { Measurement } from './measurement.ts';
import { inPage, openBenchPage, openBrowser } from './open-browser.ts';

/** A secure context, as the app's own origin is. Nothing listens there and nothing is asked there. */
const ORIGIN = 'http://bench.localhost';

export const localWrite: Measurement = {
  name: 'local-write',
  title: 'A local write against a bare Dexie put (Chromium, profile on the disk)',
  async run(bench) {
    const writes = bench.quick ? 20 : 200;
    const page = await openBenchPage(bench, await openBrowser(bench), ORIGIN);
    const timings = await interleave(
      {
        write: async () => (await inPage(page, 'writeTodos', writes)) / writes,
        put: async () => (await inPage(page, 'putTodos', writes)) / writes,
      },
      bench.quick ? { warmUps: 1, rounds: 3 } : { warmUps: 3, rounds: 15 },
    );
    const baseline = { label: 'bare put', values: timings.put };
    return [ratioFigure('one todo through the write door', 'ms', timings.write, baseline)];
  },
};
