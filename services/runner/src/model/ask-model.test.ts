import { type ScriptedModel, startScriptedModel } from '@manara/testkit/scripted-model/scripted-model';
import { MODEL_FAULTS, type ScriptedReply } from '@manara/testkit/scripted-model/scripted-reply';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock, systemFetch } from '../seams.ts';
import { type AskDeps, askModel } from './ask-model.ts';
import { createPatientModel } from './ask-with-retries.ts';
import { MODEL_LIMITS, type ModelConfig, type ModelLimits } from './model-config.ts';
import type { ModelFailureCode } from './model-failure.ts';
import { probeModel } from './probe-model.ts';

const KEY = 'sk-test-4f9a-secret';
const MESSAGES = [{ role: 'user' as const, content: 'Plan my day' }];
const PLAN = JSON.stringify({
  summary: 'Two changes',
  steps: [{ tool: 'todo.create', args: { title: 'Kupiti mlijeko 🥛' } }],
});

let server: ScriptedModel;
beforeEach(async () => {
  server = await startScriptedModel({ apiKey: KEY });
});
afterEach(() => server.close());

const config = (limits: Partial<ModelLimits> = {}, other: Partial<ModelConfig> = {}): ModelConfig => ({
  baseUrl: server.baseUrl,
  apiKey: KEY,
  model: 'scripted',
  limits: { ...MODEL_LIMITS, idleMs: 300, totalMs: 5000, ...limits },
  ...other,
});
const fetched: string[] = [];
const deps: AskDeps = {
  clock: systemClock,
  fetch: (input, init) => {
    fetched.push(String(input instanceof Request ? input.url : input));
    return systemFetch(input, init);
  },
};
const never = new AbortController().signal;
const ask = (other: ModelConfig = config()) => askModel(other, deps, MESSAGES, never);

async function failureOf(reply: ScriptedReply, other = config()) {
  server.setFallback(reply);
  const answer = await ask(other);
  if (answer.ok) throw new Error('an answer where a failure was expected');
  expect(JSON.stringify(answer.error)).not.toContain(KEY);
  return answer.error;
}

describe('askModel, through the real SDK and real HTTP', () => {
  it('reads a streamed answer with its usage', async () => {
    server.enqueue({ kind: 'text', text: PLAN, usage: { prompt_tokens: 812, completion_tokens: 40 } });
    const answer = await ask();
    expect(answer).toEqual({
      ok: true,
      value: { text: PLAN, toolCalls: [], finishReason: 'stop', usage: { in: 812, out: 40 } },
    });
    expect(server.requests[0]).toMatchObject({
      path: '/v1/chat/completions',
      promptText: 'Plan my day',
      body: { model: 'scripted', stream: true },
    });
  });

  it('reads the whole answer of a server that knows no streaming', async () => {
    server.enqueue({ kind: 'text', text: PLAN, ignoresStream: true });
    expect(await ask()).toMatchObject({
      ok: true,
      value: { text: PLAN, finishReason: 'stop', usage: { in: 100, out: 20 } },
    });
  });

  it('asks without streaming when a server refuses that', async () => {
    const body = JSON.stringify({ error: { message: 'stream_options is not supported' } });
    server.enqueue({ kind: 'status', status: 400, body }, { kind: 'text', text: PLAN });
    expect(await ask()).toMatchObject({ ok: true, value: { text: PLAN } });
    expect(server.requests.map((request) => (request.body as { stream?: boolean }).stream)).toEqual([true, undefined]);
  });

  it('puts the pieces of tool calls together', async () => {
    const calls = [
      { name: 'todo.create', arguments: '{"title":"Buy milk"}' },
      { name: 'note.append', arguments: '{"text":"x"}' },
    ];
    server.enqueue({ kind: 'toolCalls', calls });
    expect(await ask()).toMatchObject({ ok: true, value: { toolCalls: calls, finishReason: 'tool_calls' } });
  });

  it('sends no Authorization without a key', async () => {
    const local = await startScriptedModel();
    const answer = await ask(config({}, { baseUrl: local.baseUrl, apiKey: null }));
    expect(answer.ok).toBe(true);
    expect(local.requests[0]?.authorization).toBeNull();
    await local.close();
  });

  const failing: [fault: string, code: ModelFailureCode, words: RegExp][] = [
    ['rate limited', 'rate_limited', /asks to wait 1 s/],
    ['rate limited for a day', 'rate_limited', /86400 s/],
    ['server error', 'server_error', /500/],
    ['bad key', 'unauthorized', /OPENAI_API_KEY/],
    ['stall', 'timeout', /sent nothing/],
    ['silence', 'timeout', /sent nothing/],
    ['cut stream', 'cut', /broke in the middle/],
    ['HTML with 200', 'not_compatible', /not as an OpenAI-compatible/],
    ['empty body', 'not_compatible', /not as an OpenAI-compatible/],
    ['garbage body', 'not_compatible', /not as an OpenAI-compatible/],
    ['garbage stream', 'not_compatible', /not as an OpenAI-compatible/],
    ['not chat', 'not_compatible', /not as an OpenAI-compatible/],
    ['50 MB', 'too_large', /8,388,608 bytes/],
    ['endless', 'too_large', /8,388,608 bytes/],
    ['redirect to a link-local address', 'redirect', /OPENAI_BASE_URL/],
  ];
  it.each(failing)('%s is the failure %s', async (fault, code, words) => {
    const failure = await failureOf(MODEL_FAULTS[fault] as ScriptedReply);
    expect(failure.code).toBe(code);
    expect(failure.message).toMatch(words);
  });

  it('never follows a redirect, so no other address is asked', async () => {
    fetched.length = 0;
    await failureOf(MODEL_FAULTS['redirect to a link-local address'] as ScriptedReply);
    expect(fetched).toEqual([`${server.baseUrl}/chat/completions`]);
  });

  it('tells an unknown model, a wrong path, a refused connection and a wrong key apart', async () => {
    const unknown = await ask(config({}, { model: 'gpt-none' }));
    expect(unknown).toMatchObject({
      ok: false,
      error: { code: 'unknown_model', message: expect.stringContaining('"gpt-none"') },
    });
    const path = await ask(config({}, { baseUrl: server.baseUrl.replace('/v1', '/api') }));
    expect(path).toMatchObject({ ok: false, error: { code: 'not_compatible' } });
    const key = await ask(config({}, { apiKey: 'sk-wrong' }));
    expect(key).toMatchObject({ ok: false, error: { code: 'unauthorized' } });
    const closed = await startScriptedModel();
    await closed.close();
    const refused = await ask(config({}, { baseUrl: closed.baseUrl }));
    expect(refused).toMatchObject({
      ok: false,
      error: { code: 'refused', message: expect.stringContaining('refused') },
    });
  });

  it('repeats what the server said without the key', async () => {
    const body = JSON.stringify({
      error: { message: `Bad request with ${KEY} and sk-proj-abcdefgh, context too long` },
    });
    const failure = await failureOf({ kind: 'status', status: 400, body });
    expect(failure.message).toContain('context too long');
    expect(failure.message).not.toContain('sk-proj');
  });

  it('stops at once when the signal aborts', async () => {
    server.setFallback({ kind: 'silence' });
    const controller = new AbortController();
    const answer = askModel(config({ idleMs: 60_000 }), deps, MESSAGES, controller.signal);
    setTimeout(() => controller.abort(), 30);
    expect(await answer).toMatchObject({ ok: false, error: { code: 'aborted' } });
  });
});

describe('bounded retries', () => {
  const patient = (limits: Partial<ModelLimits> = {}, clock = systemClock) =>
    createPatientModel(config(limits), {
      ...deps,
      clock,
      random: { number: () => 0, bytes: (length) => new Uint8Array(length) },
    });

  it('asks again after a failure that may pass, and no more than the limit', async () => {
    server.enqueue({ kind: 'status', status: 500 }, { kind: 'text', text: PLAN });
    expect(await patient().ask(MESSAGES, never)).toMatchObject({ ok: true, value: { text: PLAN } });
    server.reset();
    server.setFallback({ kind: 'status', status: 503 });
    expect(await patient().ask(MESSAGES, never)).toMatchObject({ ok: false, error: { code: 'server_error' } });
    expect(server.requests).toHaveLength(3);
  });

  it('waits for a short Retry-After', async () => {
    server.enqueue({ kind: 'status', status: 429, headers: { 'retry-after': '1' } }, { kind: 'text', text: PLAN });
    const startedMs = performance.now();
    expect((await patient().ask(MESSAGES, never)).ok).toBe(true);
    expect(performance.now() - startedMs).toBeGreaterThan(950);
  });

  it('does not wait for a Retry-After of a day, and leaves the model alone for minutes only', async () => {
    let nowMs = 1_000_000;
    const model = patient({}, { ...systemClock, nowMs: () => nowMs });
    server.enqueue({ kind: 'status', status: 429, headers: { 'retry-after': '86400' } });
    server.setFallback({ kind: 'text', text: PLAN });
    const startedMs = performance.now();
    expect(await model.ask(MESSAGES, never)).toMatchObject({ ok: false, error: { code: 'rate_limited' } });
    expect(performance.now() - startedMs).toBeLessThan(1000);
    expect(await model.ask(MESSAGES, never)).toMatchObject({
      ok: false,
      error: { message: expect.stringContaining('300 s') },
    });
    expect(server.requests).toHaveLength(1);
    nowMs += MODEL_LIMITS.coolDownMaxMs;
    expect((await model.ask(MESSAGES, never)).ok).toBe(true);
  });

  it('ends a model that drips for ever at the total limit', async () => {
    server.setFallback({ kind: 'silence' });
    const model = patient({ idleMs: 60_000, totalMs: 200 });
    expect(await model.ask(MESSAGES, never)).toMatchObject({ ok: false, error: { code: 'timeout' } });
    expect(server.requests).toHaveLength(1);
  });
});

describe('the probe behind the test button', () => {
  it('says that a model answers', async () => {
    server.setFallback({ kind: 'text', text: 'ready' });
    expect(await probeModel(config(), deps)).toMatchObject({
      ok: true,
      model: 'scripted',
      message: 'scripted answered.',
    });
  });

  it.each([
    ['bad key', /refused the key/],
    ['unknown model', /does not know the model|not as an OpenAI/],
    ['silence', /sent nothing/],
    ['HTML with 200', /not as an OpenAI-compatible/],
  ])('says what is wrong: %s', async (fault, words) => {
    server.setFallback(MODEL_FAULTS[fault] as ScriptedReply);
    const result = await probeModel(config(), deps);
    expect(result.ok).toBe(false);
    expect(result.message).toMatch(words);
  });
});
