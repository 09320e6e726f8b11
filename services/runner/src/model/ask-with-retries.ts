import { backoffMs } from '@manara/kernel/backoff';
import { err, type Result } from '@manara/kernel/result';
import type { RunnerClock, RunnerRandom } from '../seams.ts';
import { sleep } from '../sleep.ts';
import { type AskDeps, askModel, type ModelAnswer, type ModelMessage } from './ask-model.ts';
import type { ModelConfig } from './model-config.ts';
import { failure, type ModelFailure } from './model-failure.ts';

export interface RetryDeps extends AskDeps {
  readonly random: RunnerRandom;
}

/** A model that is asked with bounded retries and is left alone for a while after a rate limit. */
export interface PatientModel {
  readonly config: ModelConfig;
  ask(messages: readonly ModelMessage[], signal: AbortSignal): Promise<Result<ModelAnswer, ModelFailure>>;
}

export function createPatientModel(config: ModelConfig, deps: RetryDeps): PatientModel {
  const { limits } = config;
  let coolUntilMs = 0;

  async function ask(
    messages: readonly ModelMessage[],
    signal: AbortSignal,
  ): Promise<Result<ModelAnswer, ModelFailure>> {
    const waitMs = coolUntilMs - deps.clock.nowMs();
    if (waitMs > 0)
      return err(
        failure(
          'rate_limited',
          `The model is over its rate limit; it is asked again in ${Math.ceil(waitMs / 1000)} s.`,
        ),
      );
    const deadline = deadlineOf(signal, deps.clock, limits.totalMs);
    try {
      return await attempts(messages, deadline);
    } finally {
      deadline.release();
    }
  }

  async function attempts(
    messages: readonly ModelMessage[],
    deadline: Deadline,
  ): Promise<Result<ModelAnswer, ModelFailure>> {
    for (let attempt = 0; ; attempt++) {
      const answer = await askModel(config, deps, messages, deadline.signal);
      if (answer.ok) return answer;
      const failed = deadline.passed() ? tooSlow(limits.totalMs) : answer.error;
      const last = attempt + 1 >= limits.attemptsMax || !failed.retryable;
      const waitMs = failed.retryAfterMs ?? backoffMs(attempt, deps.random.number(), 500, 5000);
      if (last || waitMs > limits.retryAfterMaxMs) {
        // A server that asks for a day gets minutes, and nobody waits for it with a lease in hand.
        if (failed.code === 'rate_limited') coolUntilMs = deps.clock.nowMs() + Math.min(waitMs, limits.coolDownMaxMs);
        return err(failed);
      }
      await sleep(deps.clock, waitMs, deadline.signal);
    }
  }

  return { config, ask };
}

interface Deadline {
  readonly signal: AbortSignal;
  passed(): boolean;
  release(): void;
}

/** Aborts with the outer signal, or when `ms` have passed. */
function deadlineOf(outer: AbortSignal, clock: RunnerClock, ms: number): Deadline {
  const controller = new AbortController();
  let passed = false;
  const abort = () => controller.abort();
  const cancel = clock.after(ms, () => {
    passed = true;
    abort();
  });
  if (outer.aborted) abort();
  outer.addEventListener('abort', abort);
  return {
    signal: controller.signal,
    passed: () => passed,
    release: () => {
      cancel();
      outer.removeEventListener('abort', abort);
    },
  };
}

const tooSlow = (ms: number) => failure('timeout', `The model did not finish within ${Math.round(ms / 1000)} s.`);
