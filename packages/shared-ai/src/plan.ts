import type { JsonValue } from '@manara/kernel/json';
import { jsonBytes } from '@manara/sync-core/value-limits';
import { put, type Write } from '@manara/sync-core/write';
import { cleanText, cutText } from './clean-text.ts';
import { deviceIterationId, serverIterationId, stepIdOf } from './derived-ids.ts';
import { LOG_LINE_CHARS, LOG_LINES_MAX, PLAN_BYTES_MAX } from './plan-limits.ts';
import type { PlanDraft, PlannerContext } from './planner-context.ts';
import { changesSentence } from './proposal.ts';
import { type Iteration, iterations, steps } from './tables/plans.ts';
import { type ValidatedStep, validateSteps } from './validate-steps.ts';

export interface PlanOptions {
  /** the due occurrence as `YYYY-MM-DDTHH:MMZ`, a run request's id, or a chat message's id */
  readonly slot: string;
  /** a device's plan is another iteration than the server's; for one slot the first accepted stands */
  readonly source: Iteration['source'];
  /** of the device that plans, when `source` is `device` */
  readonly clientId?: string;
  readonly draft: PlanDraft;
  readonly tier: Iteration['tier'];
  /** the model's name, or `rules` */
  readonly model: string;
  readonly usage?: Iteration['usage'];
  /** what was mended on the way, and why no model was used; the draft's own log is added */
  readonly repairLog?: readonly string[];
  readonly promptVersion?: string;
  readonly promptHash?: string;
  readonly startedAt: number;
  readonly finishedAt: number;
}

export interface Plan {
  readonly iterationId: string;
  /** iteration and steps, to be written once, as one op group */
  readonly writes: readonly Write[];
  readonly steps: readonly ValidatedStep[];
  /** `3 changes: 2 create, 1 edit` */
  readonly sentence: string;
  readonly outcome: Iteration['outcome'];
}

/** Keeps what fits into one batch. */
function bounded(all: readonly ValidatedStep[], log: string[]): readonly ValidatedStep[] {
  let bytes = 0;
  const kept = all.filter((step) => {
    bytes += jsonBytes(step as unknown as JsonValue);
    return bytes <= PLAN_BYTES_MAX;
  });
  if (kept.length < all.length) log.push(`The plan was too long; its first ${kept.length} steps were kept.`);
  return kept;
}

type Slot = Pick<PlanOptions, 'slot' | 'source' | 'clientId'>;

export const iterationIdFor = (missionId: string, { slot, source, clientId }: Slot): string =>
  source === 'server' ? serverIterationId(missionId, slot) : deviceIterationId(missionId, slot, clientId ?? '');

/** Turns a planner's output into rows: every step validated, the iteration and its steps in one group. Runner and browser alike. */
export function planWrites(context: PlannerContext, options: PlanOptions): Plan {
  const { draft, slot, source, tier, finishedAt } = options;
  const missionId = context.mission.id;
  const iterationId = iterationIdFor(missionId, options);
  const validated = validateSteps(draft.steps, context, iterationId, tier === 'model');
  const log = [...(options.repairLog ?? []), ...draft.log, ...validated.log];
  const kept = bounded(validated.steps, log);
  const good = kept.filter((step) => step.validity.state !== 'quarantined');
  const sentence = changesSentence(good.map((step) => context.tools.get(step.tool)?.effect ?? null));
  const outcome = kept.length > 0 ? 'planned' : 'empty';
  const iteration = put(iterations, iterationId, {
    missionId,
    slot,
    source,
    outcome,
    summary: cutText(cleanText(draft.summary), 1000) || sentence,
    model: cutText(cleanText(options.model), 200),
    tier,
    promptVersion: options.promptVersion ?? '',
    promptHash: options.promptHash ?? '',
    usage: options.usage ?? { in: 0, out: 0, costMicros: 0 },
    inputsDigest: context.inputsDigest,
    repairLog: [...new Set(log)].slice(0, LOG_LINES_MAX).map((line) => cutText(cleanText(line), LOG_LINE_CHARS)),
    error: null,
    startedAt: options.startedAt,
    finishedAt,
  });
  const rows = kept.map((step) => put(steps, stepIdOf(iterationId, step.n), { ...step, iterationId, missionId }));
  return { iterationId, writes: [iteration, ...rows], steps: kept, sentence, outcome };
}

/** The iteration of a slot for which no plan could be made at all, so that the mission's page can say why. */
export function failedPlan(
  missionId: string,
  options: Slot &
    Pick<PlanOptions, 'startedAt' | 'finishedAt'> & {
      readonly error: string;
      readonly outcome?: 'failed' | 'cancelled';
    },
): Write {
  const { slot, source, startedAt, finishedAt, error, outcome = 'failed' } = options;
  const row = { missionId, slot, source, outcome, summary: '', startedAt, finishedAt };
  return put(iterations, iterationIdFor(missionId, options), { ...row, error: cutText(cleanText(error), 1000) });
}
