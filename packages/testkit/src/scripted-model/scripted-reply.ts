import type { JsonValue } from '@manara/kernel/json';

/** What the scripted model answers to one chat completion. Plain JSON, so that a test in another process can send it. */
export type ScriptedReply = (
  | TextReply
  | PlanReply
  | ToolCallsReply
  /** an error status, such as 429 with `retry-after`, 401 or 500 */
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    }
  /** sends the headers and the first `chars` of `text`, then nothing until the caller gives up */
  | { readonly kind: 'stall'; readonly text?: string; readonly chars?: number }
  /** takes the request and never answers, not even with headers */
  | { readonly kind: 'silence' }
  /** sends `chars` of `text` and closes the socket in mid-answer */
  | { readonly kind: 'cut'; readonly text: string; readonly chars: number }
  /** any bytes under status 200: a captive portal's HTML, nothing at all, garbage */
  | { readonly kind: 'raw'; readonly contentType: string; readonly body: string }
  /** a well-formed answer whose text goes on for `bytes`, or without end */
  | { readonly kind: 'flood'; readonly bytes: number | 'endless' }
  | { readonly kind: 'redirect'; readonly location: string }
) & {
  /** only for a request one of whose messages contains this text */
  readonly match?: string;
  /** waits before it answers, ms */
  readonly delayMs?: number;
};

export interface TextReply {
  readonly kind: 'text';
  readonly text: string;
  readonly finishReason?: string;
  readonly usage?: Usage | null;
  /** a server that knows no streaming answers a streaming request with one JSON body */
  readonly ignoresStream?: boolean;
}

/** A plan in the shape the prompt asks for. */
export interface PlanReply {
  readonly kind: 'plan';
  readonly summary?: string;
  readonly steps: readonly JsonValue[];
  readonly usage?: Usage;
}

export interface ToolCallsReply {
  readonly kind: 'toolCalls';
  readonly text?: string;
  /** `arguments` is text as a model sends it, JSON or not */
  readonly calls: readonly { readonly name: string; readonly arguments: string }[];
  readonly finishReason?: string;
}

export interface Usage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
}

/** One request that reached the model, for assertions such as "the prompt contains the rejection's reason". */
export interface RecordedRequest {
  readonly path: string;
  /** the exact value of the header, or null */
  readonly authorization: string | null;
  readonly body: JsonValue;
  /** all message contents of the body, one after the other */
  readonly promptText: string;
}

const STEP = { tool: 'todo.create', args: { title: 'x' }, rationale: 'x' };

/** Every way in which a model or the network before it goes wrong, by name: the fault table of the tests. */
export const MODEL_FAULTS: Readonly<Record<string, ScriptedReply>> = {
  'rate limited': { kind: 'status', status: 429, headers: { 'retry-after': '1' } },
  'rate limited for a day': { kind: 'status', status: 429, headers: { 'retry-after': '86400' } },
  'server error': { kind: 'status', status: 500 },
  'bad key': { kind: 'status', status: 401 },
  'unknown model': { kind: 'status', status: 404 },
  stall: { kind: 'stall', text: '{"summary":"', chars: 5 },
  silence: { kind: 'silence' },
  'cut stream': { kind: 'cut', text: JSON.stringify({ summary: 'x', steps: [STEP] }), chars: 20 },
  'HTML with 200': {
    kind: 'raw',
    contentType: 'text/html',
    body: '<!doctype html><title>Sign in to the Wi-Fi</title>',
  },
  'empty body': { kind: 'raw', contentType: 'application/json', body: '' },
  'empty text': { kind: 'text', text: '' },
  garbage: { kind: 'text', text: 'As a lighthouse I cannot plan, but here is a poem.' },
  'garbage body': { kind: 'raw', contentType: 'application/json', body: '\u0000\u0001{{{' },
  'garbage stream': { kind: 'raw', contentType: 'text/event-stream', body: 'data: {"choices":[{"delta"\n\n' },
  'not chat': { kind: 'raw', contentType: 'application/json', body: '{"hello":"world"}' },
  'unknown tool': { kind: 'plan', steps: [{ ...STEP, tool: 'shell.exec' }] },
  'extra keys': { kind: 'plan', steps: [{ ...STEP, sudo: true, args: { title: 'x', __proto__x: 1, owner: 'me' } }] },
  NUL: { kind: 'plan', steps: [{ ...STEP, args: { title: 'a\u0000b' } }] },
  'lone surrogate': {
    kind: 'text',
    text: '{"summary":"x","steps":[{"tool":"todo.create","args":{"title":"\\ud800"},"rationale":"x"}]}',
  },
  '10,000 steps': {
    kind: 'plan',
    steps: Array.from({ length: 10_000 }, (_, n) => ({ ...STEP, args: { title: `t${n}` } })),
  },
  '10,000 calls': {
    kind: 'toolCalls',
    calls: Array.from({ length: 10_000 }, (_, n) => ({ name: 'todo.create', arguments: `{"title":"t${n}"}` })),
  },
  'partial arguments': {
    kind: 'toolCalls',
    calls: [{ name: 'todo.create', arguments: '{"title":"Buy m' }],
    finishReason: 'stop',
  },
  'cut by length': {
    kind: 'text',
    text: '{"summary":"x","steps":[{"tool":"todo.create","args":{"title":"Bu',
    finishReason: 'length',
  },
  '50 MB': { kind: 'flood', bytes: 50 * 1024 * 1024 },
  endless: { kind: 'flood', bytes: 'endless' },
  'redirect to a link-local address': { kind: 'redirect', location: 'http://169.254.169.254/latest/meta-data/' },
};
