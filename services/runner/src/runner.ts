import type { Database } from '@manara/db/client';
import type { ClaimedRun } from '@manara/db/runs/run';
import { uuid7 } from '@manara/kernel/id';
import { inputSources, rules, tableByName, toolByName } from '@manara/modules/registry';
import type { PlannerReply, PlannerTestReply } from '@manara/protocol/planner';
import { createDatabaseRunStore, type DatabaseRunStoreDeps } from './database-run-store.ts';
import { executeRun, reportDeadRun } from './execute-run.ts';
import { createPatientModel } from './model/ask-with-retries.ts';
import { endpointHost, type ModelConfig } from './model/model-config.ts';
import { probeModel } from './model/probe-model.ts';
import { createRunLoop, type RunLoop } from './run-loop.ts';
import type { RunStore } from './run-store.ts';
import {
  RUNNER_TUNING,
  type RunnerContext,
  type RunnerLog,
  type RunnerPokes,
  type RunnerRegistry,
  type RunnerTuning,
} from './runner-context.ts';
import { type RunnerClock, type RunnerRandom, systemClock, systemFetch, systemRandom } from './seams.ts';
import { createStamper } from './stamp-writes.ts';

export interface RunnerDeps {
  readonly db: Database;
  readonly log: RunnerLog;
  readonly pokes: RunnerPokes;
  /** null: missions are planned by rules */
  readonly model: ModelConfig | null;
  readonly tuning?: Partial<RunnerTuning>;
  /** For tests; the system's own otherwise. */
  readonly clock?: RunnerClock;
  readonly random?: RunnerRandom;
  readonly fetch?: typeof fetch;
  readonly registry?: RunnerRegistry;
  readonly createStore?: (deps: DatabaseRunStoreDeps) => RunStore;
}

/** The mission runner: run / stop / drain, and one tick at a time. */
export interface Runner extends RunLoop {
  /** the client id that it writes as, drawn at this start */
  readonly client: string;
  /** Where mission inputs go. */
  plannerInfo(): PlannerReply;
  /** Asks the model for one word, for the settings' test button. */
  probe(): Promise<PlannerTestReply>;
}

export function createRunner(deps: RunnerDeps): Runner {
  const clock = deps.clock ?? systemClock;
  const random = deps.random ?? systemRandom;
  const ask = { clock, random, fetch: deps.fetch ?? systemFetch };
  const tuning = { ...RUNNER_TUNING, ...deps.tuning };
  const client = drawClient(random);
  const context: RunnerContext = {
    store: (deps.createStore ?? createDatabaseRunStore)({ db: deps.db, clock, random, tuning, client }),
    clock,
    random,
    log: deps.log,
    pokes: deps.pokes,
    model: deps.model && createPatientModel(deps.model, ask),
    stamper: createStamper(client),
    registry: deps.registry ?? { tools: toolByName, tables: tableByName, rules, inputSources },
    tuning,
    newId: () => uuid7(clock.nowMs(), random.bytes(10)),
  };
  const loop = createRunLoop<ClaimedRun>({
    clock,
    tickMs: tuning.tickMs,
    concurrency: tuning.concurrency,
    claim: (limit) => claim(context, limit),
    execute: (run, signal) => executeRun(context, run, signal),
    onError: (error, during) =>
      context.log.error({ err: error }, during === 'claim' ? 'could not look for due missions' : 'a run was left'),
  });
  return {
    ...loop,
    client,
    plannerInfo: () => plannerInfo(deps.model),
    probe: async () => {
      if (deps.model) return probeModel(deps.model, ask);
      return { ok: false, model: null, latencyMs: null, message: 'No model is set up: missions are planned by rules.' };
    },
  };
}

/** 16 hex digits, and never the server's own node. */
function drawClient(random: RunnerRandom): string {
  const bytes = random.bytes(8);
  return `a${Buffer.from(bytes).toString('hex').slice(1)}`;
}

async function claim(context: RunnerContext, limit: number) {
  const { claimed, dead, due, unschedulable } = await context.store.claim(limit);
  for (const mission of unschedulable)
    context.log.error(mission, 'a mission has a trigger that cannot be read: it is not scheduled any more');
  for (const run of dead) {
    context.log.error(
      { spaceId: run.spaceId, missionId: run.missionId, runId: run.id },
      'a run is dead: it never finished',
    );
    // One dead run that cannot be written down must not keep the others from starting.
    await reportDeadRun(context, run).catch((error: unknown) =>
      context.log.error({ runId: run.id, err: error }, 'could not write a dead run down'),
    );
  }
  return { runs: claimed, report: { due, errors: dead.length + unschedulable.length } };
}

function plannerInfo(model: ModelConfig | null): PlannerReply {
  if (!model) return { kind: 'rules', model: null, endpointHost: null };
  return { kind: 'model', model: model.model, endpointHost: endpointHost(model.baseUrl) };
}
