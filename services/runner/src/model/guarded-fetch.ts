import type { RunnerClock } from '../seams.ts';
import type { ModelLimits } from './model-config.ts';
import { failure, type ModelFailure, ModelFault } from './model-failure.ts';

export interface GuardedFetch {
  readonly fetch: typeof fetch;
  /** What the guard ended the answer for. The SDK wraps or swallows thrown errors, so it is kept here as well. */
  fault(): ModelFailure | undefined;
  /** Stops all timers. */
  release(): void;
}

/**
 * A fetch for one answer of a server that is not trusted: follows no redirect (it could lead to an internal address
 * with our key), ends at a number of bytes, and ends at a silence. `controller` is the request's own.
 */
export function guardFetch(
  inner: typeof fetch,
  clock: RunnerClock,
  limits: ModelLimits,
  controller: AbortController,
): GuardedFetch {
  let fault: ModelFailure | undefined;
  let cancelIdle = () => {};
  const stop = (reason: ModelFailure): ModelFault => {
    fault ??= reason;
    cancelIdle();
    controller.abort();
    return new ModelFault(reason);
  };
  const restartIdle = () => {
    cancelIdle();
    cancelIdle = clock.after(limits.idleMs, () => stop(silence(limits.idleMs)));
  };

  const guarded: typeof fetch = async (input, init) => {
    restartIdle();
    const response = await inner(input, { ...init, redirect: 'manual' });
    if (response.status >= 300 && response.status < 400) {
      await response.body?.cancel();
      throw stop(
        failure(
          'redirect',
          `The model's address answers with a redirect (${response.status}). Set OPENAI_BASE_URL to the final address.`,
        ),
      );
    }
    if (!response.body) return response;
    const body = response.body.pipeThrough(countBytes(limits.replyBytesMax, restartIdle, stop));
    return new Response(body, { status: response.status, statusText: response.statusText, headers: response.headers });
  };
  return { fetch: guarded, fault: () => fault, release: () => cancelIdle() };
}

function countBytes(
  max: number,
  onChunk: () => void,
  stop: (reason: ModelFailure) => ModelFault,
): TransformStream<Uint8Array, Uint8Array> {
  let left = max;
  return new TransformStream({
    transform(chunk, output) {
      onChunk();
      left -= chunk.byteLength;
      if (left < 0)
        output.error(
          stop(failure('too_large', `The model's answer is longer than ${max.toLocaleString('en')} bytes.`)),
        );
      else output.enqueue(chunk);
    },
  });
}

const silence = (idleMs: number) => failure('timeout', `The model sent nothing for ${Math.round(idleMs / 1000)} s.`);
