import type { ClaimedRun } from '@manara/db/runs/run';
import type { RunEnd, RunPhase } from '@manara/protocol/live';
import { failedAnswer } from '@manara/shared-ai/chat-actions';
import { failedPlan } from '@manara/shared-ai/plan';
import type { Write } from '@manara/sync-core/write';
import { answerMessage } from './answer-message.ts';
import { keepLease } from './keep-lease.ts';
import { planMission } from './plan-mission.ts';
import { Interrupted } from './run-phase.ts';
import type { RunnerContext } from './runner-context.ts';
import type { TickReport } from './tick-report.ts';
import { runnerOps } from './write-plan.ts';

/**
 * Carries one leased run to an end: done, failed (to be tried again, or for good and shown), given back because the
 * process stops, or dropped because another worker holds it. Never throws but when the database is away, and then the
 * lease runs out by itself.
 */
export async function executeRun(
  context: RunnerContext,
  run: ClaimedRun,
  stop: AbortSignal,
): Promise<Partial<TickReport>> {
  const names = { spaceId: run.spaceId, missionId: run.missionId, runId: run.id, attempt: run.attempt };
  const tell = (phase: RunPhase | RunEnd, elapsedMs: number) =>
    context.pokes.run(run.spaceId, { missionId: run.missionId, runId: run.id, phase, elapsedMs });
  const startedMs = context.clock.nowMs();
  const lease = keepLease(
    {
      clock: context.clock,
      leaseMs: context.tuning.leaseMs,
      renew: (phase) => context.store.renew(run, phase),
      tell,
      onRenewError: (error) => context.log.warn({ ...names, err: error }, 'could not renew the lease'),
    },
    stop,
  );
  const end = async (phase: RunEnd, report: Partial<TickReport>) => {
    await lease.end();
    tell(phase, context.clock.nowMs() - startedMs);
    return report;
  };
  try {
    const report = await (run.kind === 'answer'
      ? answerMessage(context, run, lease)
      : planMission(context, run, lease));
    return await end('done', report);
  } catch (error) {
    await lease.end();
    if (lease.lost() || (error instanceof Interrupted && !stop.aborted)) {
      context.log.warn(names, 'refused to write back: the lease is lost');
      return { errors: 1 };
    }
    if (stop.aborted) {
      await context.store.release(run);
      return end('queued', {});
    }
    const reference = context.newId();
    context.log.error({ ...names, reference, err: error }, 'a run failed');
    const state = await failAttempt(context, run, `Something went wrong on the server (reference ${reference}).`);
    return end(state === 'failed' ? 'waiting to try again' : 'failed', { errors: 1 });
  }
}

/** Ends the attempt; the last one ends the run with an iteration (or an answer) that says what went wrong. */
async function failAttempt(
  context: RunnerContext,
  run: ClaimedRun,
  message: string,
): Promise<'failed' | 'dead' | null> {
  if (run.attempt < context.tuning.attemptsMax) return context.store.fail(run, { message, final: false });
  const failure = { message, final: true };
  try {
    const ops = runnerOps(context, run.spaceId, failureWrites(context, run, message));
    const result = await context.store.writeBack(run, { ops, prompt: null, failure, follow: null });
    if (result.status === 'written') context.pokes.heads(result.heads);
    if (result.status !== 'refused') return result.status === 'written' ? 'dead' : null;
  } catch (error) {
    context.log.error({ runId: run.id, err: error }, 'could not write a failed run down');
  }
  return context.store.fail(run, failure);
}

/** A run that killed or outlasted its workers: its owner sees that it failed. */
export async function reportDeadRun(context: RunnerContext, run: ClaimedRun): Promise<void> {
  const message = `It was started ${run.attempt} times and never finished.`;
  const result = await context.store.write(
    run.spaceId,
    runnerOps(context, run.spaceId, failureWrites(context, run, message)),
  );
  if (result.status === 'written') context.pokes.heads(result.heads);
  else context.log.warn({ runId: run.id, result }, 'could not write a dead run down');
}

function failureWrites(context: RunnerContext, run: ClaimedRun, message: string): Write[] {
  const nowMs = context.clock.nowMs();
  if (run.kind === 'answer') return run.messageId === null ? [] : failedAnswer(run.messageId);
  const { missionId, slot } = run;
  if (missionId === null) return [];
  return [failedPlan(missionId, { slot, source: 'server', startedAt: nowMs, finishedAt: nowMs, error: message })];
}
