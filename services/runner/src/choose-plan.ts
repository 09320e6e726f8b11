import type { Result } from '@manara/kernel/result';
import type { PlanDraft } from '@manara/shared-ai/planner-context';
import type { Prompt, PromptMessage } from '@manara/shared-ai/prompt';
import { RULES_MODEL } from '@manara/shared-ai/rule-planner';
import { askForReply } from './model/ask-for-reply.ts';
import type { PatientModel } from './model/ask-with-retries.ts';

/** A plan before validation, with how it came to be. */
export interface ChosenPlan {
  readonly draft: PlanDraft;
  readonly tier: 'model' | 'rules';
  /** the model's name, or `rules` */
  readonly model: string;
  /** what was sent, also when the rules planned in the end */
  readonly sent: SentPrompt | null;
  readonly usage: { readonly in: number; readonly out: number; readonly costMicros: number };
  /** what was asked again, and why no model planned, in words; the draft has a log of its own */
  readonly repairLog: readonly string[];
  readonly parseFailures: number;
}

export interface SentPrompt {
  readonly messages: readonly PromptMessage[];
  readonly model: string;
  readonly version: string;
  readonly hash: string;
}

/** The two planners of one task: a mission's plan or a chat's answer. */
export interface PlannerTask {
  prompt(): Prompt;
  /** Reads what the model answered; an error says in words why it cannot be read. */
  read(reply: string): Result<PlanDraft, string>;
  /** @param why what kept the model out, as a sentence; null: there is none */
  byRules(why: string | null): PlanDraft;
}

/**
 * The planner chain: the model when there is one and it may be asked, else, or when it fails in any way, the rules. What
 * kept the model out is in the log, so that a plan by rules says why it is one.
 * @param noModel why the model is not asked this time, or null
 */
export async function choosePlan(
  task: PlannerTask,
  model: PatientModel | null,
  noModel: string | null,
  signal: AbortSignal,
): Promise<ChosenPlan> {
  if (model === null || noModel !== null) return byRules(task, model === null ? null : noModel);
  const { messages, version, hash } = task.prompt();
  const reply = await askForReply(model, messages, task.read, signal);
  const sent = { messages: reply.sent, model: model.config.model, version, hash };
  const { usage, parseFailures } = reply;
  if (!reply.ok) return { ...byRules(task, reply.reason), sent, usage, parseFailures };
  return {
    draft: reply.value,
    tier: 'model',
    model: model.config.model,
    sent,
    usage,
    repairLog: reply.log,
    parseFailures,
  };
}

function byRules(task: PlannerTask, why: string | null): ChosenPlan {
  return {
    draft: task.byRules(why),
    tier: 'rules',
    model: RULES_MODEL,
    sent: null,
    usage: { in: 0, out: 0, costMicros: 0 },
    repairLog: why === null ? [] : [`Planned by rules: ${why}`],
    parseFailures: 0,
  };
}
