import type { ClaimedRun } from '@manara/db/runs/run';
import { assert } from '@manara/kernel/assert';
import { dayInZone } from '@manara/shared-ai/calendar-day';
import { answerByRules, answerWrites, type ChatContext, resolveChat } from '@manara/shared-ai/chat-actions';
import { parseAnswer } from '@manara/shared-ai/parse-reply';
import { buildChatPrompt } from '@manara/shared-ai/prompt';
import { choosePlan } from './choose-plan.ts';
import type { Lease } from './keep-lease.ts';
import { egressRefusal } from './model-egress.ts';
import { requestZone } from './plan-mission.ts';
import { assertGoingOn } from './run-phase.ts';
import type { SpaceReader } from './run-store.ts';
import type { RunnerContext } from './runner-context.ts';
import type { TickReport } from './tick-report.ts';
import { endRun, rowsOf, writePlan } from './write-plan.ts';

/**
 * Answers a chat message. What the answer wants to change becomes a plan, whose steps are proposals as those of a mission
 * are. Throws what fails; the caller ends the attempt.
 */
export async function answerMessage(
  context: RunnerContext,
  run: ClaimedRun,
  lease: Lease,
): Promise<Partial<TickReport>> {
  const { messageId } = run;
  assert(messageId !== null, 'a run that answers has a message');
  const startedAt = context.clock.nowMs();
  lease.enter('reading');
  const chat = await context.store.read(run.spaceId, (reader) => findChat(context, reader, run, messageId));
  if (chat === null) {
    await endRun(context, run, []);
    return {};
  }
  assertGoingOn(lease.signal);
  lease.enter('answering');
  const { planner, talk } = chat;
  const noModel = context.model ? egressRefusal(planner.mission, context.model.config) : null;
  const task = {
    prompt: () => buildChatPrompt(planner, talk),
    read: parseAnswer,
    byRules: (why: string | null) => answerByRules(chat, why),
  };
  const chosen = await choosePlan(task, context.model, noModel, lease.signal);
  assertGoingOn(lease.signal);
  lease.enter('writing');
  // The message is the slot: an answer that is asked for again has the same plan.
  const plan = rowsOf(context, planner, chosen, { slot: messageId, startedAt });
  const writes = answerWrites(chat, chosen.draft, plan, context.clock.nowMs());
  await writePlan(context, run, { writes, plan, chosen, zone: planner.zone });
  return { plansProduced: 1, plansWrittenBack: 1, parseFailures: chosen.parseFailures };
}

async function findChat(
  context: RunnerContext,
  reader: SpaceReader,
  run: ClaimedRun,
  messageId: string,
): Promise<ChatContext | null> {
  const zone = await requestZone(reader, run.slot);
  const nowMs = context.clock.nowMs();
  return resolveChat(reader, messageId, { ...context.registry, today: dayInZone(nowMs, zone), nowMs, zone });
}
