import { isJsonObject, type JsonValue } from '@manara/kernel/json';
import { err, ok, type Result } from '@manara/kernel/result';
import OpenAI, { APIError } from 'openai';
import type { ChatCompletionChunk, ChatCompletionMessageParam } from 'openai/resources/chat/completions';
import { Stream } from 'openai/streaming';
import type { RunnerClock } from '../seams.ts';
import { describeError, notCompatible } from './describe-error.ts';
import { guardFetch } from './guarded-fetch.ts';
import type { ModelConfig } from './model-config.ts';
import { failure, type ModelFailure } from './model-failure.ts';

export interface ModelMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

export interface ModelAnswer {
  readonly text: string;
  /** `arguments` is text as the model wrote it, JSON or not */
  readonly toolCalls: readonly { readonly name: string; readonly arguments: string }[];
  /** `stop`, `length`, `tool_calls`, ... as the server said it */
  readonly finishReason: string;
  /** tokens; 0 when the server counts none */
  readonly usage: { readonly in: number; readonly out: number };
}

export interface AskDeps {
  readonly fetch: typeof fetch;
  readonly clock: RunnerClock;
}

/** One request to the model, streamed, bounded in bytes and silence. Never throws: an aborted signal is a failure too. */
export async function askModel(
  config: ModelConfig,
  deps: AskDeps,
  messages: readonly ModelMessage[],
  signal: AbortSignal,
): Promise<Result<ModelAnswer, ModelFailure>> {
  const controller = new AbortController();
  const abort = () => controller.abort();
  signal.addEventListener('abort', abort);
  const guard = guardFetch(deps.fetch, deps.clock, config.limits, controller);
  try {
    if (signal.aborted) return err(failure('aborted', 'Stopped.'));
    const answer = await request(openClient(config, guard.fetch), config, messages, controller);
    return answer ? ok(answer) : err(guard.fault() ?? notCompatible());
  } catch (error) {
    if (guard.fault()) return err(guard.fault() as ModelFailure);
    if (signal.aborted) return err(failure('aborted', 'Stopped.'));
    return err(describeError(error, config));
  } finally {
    guard.release();
    signal.removeEventListener('abort', abort);
    // An answer that was left half-read must not keep its socket.
    controller.abort();
  }
}

/** The SDK reads the environment and logs by itself unless told not to: both would leak configuration. */
export function openClient(config: ModelConfig, guardedFetch: typeof fetch): OpenAI {
  return new OpenAI({
    baseURL: config.baseUrl,
    apiKey: config.apiKey ?? 'none',
    ...(config.apiKey === null ? { defaultHeaders: { authorization: null } } : {}),
    organization: null,
    project: null,
    webhookSecret: null,
    fetch: guardedFetch,
    timeout: config.limits.totalMs,
    // Retries are ours: the SDK's wait as long as the server likes.
    maxRetries: 0,
    logLevel: 'off',
  });
}

async function request(
  client: OpenAI,
  config: ModelConfig,
  messages: readonly ModelMessage[],
  controller: AbortController,
): Promise<ModelAnswer | undefined> {
  const body = { model: config.model, messages: messages as ChatCompletionMessageParam[] };
  const options = { signal: controller.signal };
  const streamed = { ...body, stream: true as const, stream_options: { include_usage: true } };
  const response = await client.chat.completions
    .create(streamed, options)
    .asResponse()
    // The plainest request there is: some servers refuse streaming, or counting tokens while streaming.
    .catch((error: unknown) => {
      if (!refusesStreaming(error)) throw error;
      return client.chat.completions.create(body, options).asResponse();
    });
  const mediaType = response.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase() ?? '';
  if (mediaType === 'text/event-stream') return readStream(Stream.fromSSEResponse(response, controller, client));
  // Some servers know no streaming and answer with the whole.
  if (mediaType.endsWith('json')) return readWhole(JSON.parse(await response.text()) as JsonValue);
  return undefined;
}

const refusesStreaming = (error: unknown): boolean =>
  error instanceof APIError && (error.status === 400 || error.status === 422) && /stream/i.test(error.message);

async function readStream(chunks: AsyncIterable<ChatCompletionChunk>): Promise<ModelAnswer | undefined> {
  let text = '';
  let finishReason: string | null = null;
  let usage = { in: 0, out: 0 };
  const calls = new Map<number, { name: string; arguments: string }>();
  for await (const chunk of chunks) {
    if (!isJsonObject(chunk)) return undefined;
    if (chunk.usage) usage = readUsage(chunk.usage);
    const choice = chunk.choices?.[0];
    if (!choice) continue;
    text += choice.delta?.content ?? '';
    for (const part of choice.delta?.tool_calls ?? []) {
      const call = calls.get(part.index) ?? { name: '', arguments: '' };
      calls.set(part.index, {
        name: call.name + (part.function?.name ?? ''),
        arguments: call.arguments + (part.function?.arguments ?? ''),
      });
    }
    finishReason = choice.finish_reason ?? finishReason;
  }
  // A stream that ends without saying why was cut: half a plan must not pass for a whole one.
  if (finishReason === null) throw new TypeError('the stream ended early');
  return { text, toolCalls: [...calls.values()], finishReason, usage };
}

function readWhole(body: JsonValue): ModelAnswer | undefined {
  if (!isJsonObject(body) || !Array.isArray(body.choices)) return undefined;
  const choice: JsonValue = body.choices[0] ?? null;
  const message = isJsonObject(choice) ? choice.message : undefined;
  if (!isJsonObject(choice) || !isJsonObject(message ?? null)) return undefined;
  const { content, tool_calls: calls } = message as { content?: JsonValue; tool_calls?: JsonValue };
  return {
    text: typeof content === 'string' ? content : '',
    toolCalls: Array.isArray(calls) ? calls.flatMap(readCall) : [],
    finishReason: typeof choice.finish_reason === 'string' ? choice.finish_reason : 'stop',
    usage: readUsage(body.usage),
  };
}

function readCall(call: JsonValue): { name: string; arguments: string }[] {
  const named = isJsonObject(call) ? call.function : undefined;
  if (!isJsonObject(named ?? null)) return [];
  const { name, arguments: args } = named as { name?: JsonValue; arguments?: JsonValue };
  return typeof name === 'string'
    ? [{ name, arguments: typeof args === 'string' ? args : JSON.stringify(args ?? {}) }]
    : [];
}

/** Counts are the server's claim: anything but a whole number from 0 up counts as 0. */
function readUsage(usage: unknown): { in: number; out: number } {
  const { prompt_tokens, completion_tokens } = (usage ?? {}) as {
    prompt_tokens?: unknown;
    completion_tokens?: unknown;
  };
  return { in: count(prompt_tokens), out: count(completion_tokens) };
}

const count = (value: unknown): number =>
  Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : 0;
