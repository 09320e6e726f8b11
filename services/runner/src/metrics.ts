import { RUN_ENDS } from '@manara/protocol/live';
import { Counter, Registry } from 'prom-client';
import type { RunnerPokes } from './runner-context.ts';

/** Prometheus counters of a stand-alone runner, fed by what it would tell devices. */
export function createMetrics(): { readonly registry: Registry; readonly pokes: RunnerPokes } {
  const registry = new Registry();
  const ended = new Counter({
    name: 'manara_runs_ended_total',
    help: 'Runs by how they ended',
    labelNames: ['phase'],
    registers: [registry],
  });
  const written = new Counter({
    name: 'manara_write_backs_total',
    help: 'Transactions that the runner wrote to a space',
    registers: [registry],
  });
  const ENDS = new Set<string>(RUN_ENDS);
  return {
    registry,
    pokes: {
      heads: () => written.inc(),
      run: (_spaceId, { phase }) => {
        if (ENDS.has(phase)) ended.inc({ phase });
      },
    },
  };
}
