import { type AskDeps, askModel } from './ask-model.ts';
import type { ModelConfig } from './model-config.ts';

/** What the "test" button of the settings shows. */
export interface ProbeResult {
  readonly ok: boolean;
  /** null without a model */
  readonly model: string | null;
  readonly latencyMs: number;
  /** one sentence for the owner */
  readonly message: string;
}

/** Nobody watches a button for minutes. */
const PROBE_MS = 20_000;

/** Asks the model for one word, once. */
export async function probeModel(config: ModelConfig, deps: AskDeps): Promise<ProbeResult> {
  const startedMs = deps.clock.nowMs();
  const limits = { ...config.limits, idleMs: Math.min(PROBE_MS, config.limits.idleMs), replyBytesMax: 1024 * 1024 };
  const controller = new AbortController();
  const cancel = deps.clock.after(Math.min(PROBE_MS, limits.totalMs), () => controller.abort());
  const messages = [{ role: 'user' as const, content: 'Answer with the one word: ready' }];
  const answer = await askModel({ ...config, limits }, deps, messages, controller.signal);
  cancel();
  const latencyMs = deps.clock.nowMs() - startedMs;
  const result = { model: config.model, latencyMs };
  if (answer.ok) return { ...result, ok: true, message: `${config.model} answered.` };
  const slow = answer.error.code === 'aborted';
  return {
    ...result,
    ok: false,
    message: slow ? `The model did not answer within ${PROBE_MS / 1000} s.` : answer.error.message,
  };
}
