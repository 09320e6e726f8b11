import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JsonValue } from '@manara/kernel/json';
import type { ScriptedReply, ToolCallsReply, Usage } from './scripted-reply.ts';

interface Shape {
  readonly model: string;
  /** whether the request asked for server-sent events */
  readonly stream: boolean;
}

const DEFAULT_USAGE: Usage = { prompt_tokens: 100, completion_tokens: 20 };
/** Small enough that every plan arrives in several pieces. */
const PIECE_CHARS = 24;
const FLOOD_PIECE = 'x'.repeat(64 * 1024);

/** Sends one scripted reply in the form the request asked for. */
export async function sendReply(response: ServerResponse, reply: ScriptedReply, shape: Shape): Promise<void> {
  if (reply.delayMs) await sleep(reply.delayMs);
  switch (reply.kind) {
    case 'text': {
      const stream = shape.stream && !reply.ignoresStream;
      return sendText(response, reply.text, { ...shape, stream }, reply.finishReason, reply.usage);
    }
    case 'plan': {
      const text = JSON.stringify({ summary: reply.summary ?? 'A plan', steps: reply.steps });
      return sendText(response, text, shape, 'stop', reply.usage);
    }
    case 'toolCalls':
      return sendToolCalls(response, reply, shape);
    case 'status':
      response.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers });
      response.end(
        reply.body ?? JSON.stringify({ error: { message: `scripted ${reply.status}`, type: 'scripted', code: null } }),
      );
      return;
    case 'raw':
      response.writeHead(200, { 'content-type': reply.contentType }).end(reply.body);
      return;
    case 'redirect':
      response.writeHead(307, { location: reply.location }).end();
      return;
    case 'silence':
      return;
    case 'stall':
      return sendPart(response, (reply.text ?? '').slice(0, reply.chars ?? 0), shape);
    case 'cut':
      await sendPart(response, reply.text.slice(0, reply.chars), shape);
      // Long enough for the part to be read as one, so that the cut is seen in the middle of an answer.
      await sleep(20);
      response.destroy();
      return;
    case 'flood':
      return flood(response, reply.bytes, shape);
  }
}

function sendText(
  response: ServerResponse,
  text: string,
  shape: Shape,
  finishReason = 'stop',
  usage: Usage | null = DEFAULT_USAGE,
): void {
  if (!shape.stream) {
    sendWhole(response, { role: 'assistant', content: text }, shape, finishReason, usage);
    return;
  }
  startStream(response);
  // The SDK needs the role in the first delta.
  response.write(event(delta({ role: 'assistant', content: '' }, shape)));
  for (let at = 0; at < text.length; at += PIECE_CHARS) {
    response.write(event(delta({ content: text.slice(at, at + PIECE_CHARS) }, shape)));
  }
  endStream(response, shape, finishReason, usage);
}

function sendToolCalls(response: ServerResponse, reply: ToolCallsReply, shape: Shape): void {
  const content = reply.text ?? null;
  const calls = reply.calls.map((call, index) => ({ id: `call_${index}`, type: 'function', function: { ...call } }));
  const finishReason = reply.finishReason ?? 'tool_calls';
  if (!shape.stream) {
    sendWhole(response, { role: 'assistant', content, tool_calls: calls }, shape, finishReason, DEFAULT_USAGE);
    return;
  }
  startStream(response);
  response.write(event(delta({ role: 'assistant', content }, shape)));
  for (const [index, call] of calls.entries()) {
    const half = Math.ceil(call.function.arguments.length / 2);
    const first = {
      index,
      ...call,
      function: { name: call.function.name, arguments: call.function.arguments.slice(0, half) },
    };
    const rest = { index, function: { arguments: call.function.arguments.slice(half) } };
    response.write(event(delta({ tool_calls: [first] }, shape)));
    response.write(event(delta({ tool_calls: [rest] }, shape)));
  }
  endStream(response, shape, finishReason, DEFAULT_USAGE);
}

function sendWhole(
  response: ServerResponse,
  message: JsonValue,
  shape: Shape,
  finishReason: string,
  usage: Usage | null,
): void {
  const body = {
    id: 'chatcmpl-scripted',
    object: 'chat.completion',
    created: 0,
    model: shape.model,
    choices: [{ index: 0, message, finish_reason: finishReason }],
    ...(usage ? { usage: withTotal(usage) } : {}),
  };
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** The beginning of an answer that is never finished. */
async function sendPart(response: ServerResponse, part: string, shape: Shape): Promise<void> {
  if (shape.stream) {
    startStream(response);
    response.write(event(delta({ role: 'assistant', content: part }, shape)));
  } else {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.write(
      `{"choices":[{"index":0,"message":{"role":"assistant","content":${JSON.stringify(part).slice(0, -1)}`,
    );
  }
}

async function flood(response: ServerResponse, bytes: number | 'endless', shape: Shape): Promise<void> {
  await sendPart(response, '', shape);
  const piece = shape.stream ? event(delta({ content: FLOOD_PIECE }, shape)) : FLOOD_PIECE;
  let left = bytes === 'endless' ? Number.POSITIVE_INFINITY : bytes;
  while (left > 0 && !response.destroyed) {
    left -= FLOOD_PIECE.length;
    if (!response.write(piece)) await drained(response);
  }
  if (response.destroyed) return;
  if (shape.stream) endStream(response, shape, 'stop', DEFAULT_USAGE);
  else response.end('"},"finish_reason":"stop"}]}');
}

/** Until the reader has taken what was written, or has hung up. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.on('drain', done).on('close', done);
  });
}

function startStream(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
}

function endStream(response: ServerResponse, shape: Shape, finishReason: string, usage: Usage | null): void {
  response.write(event(delta({}, shape, finishReason)));
  if (usage) response.write(event({ ...chunk(shape), choices: [], usage: withTotal(usage) }));
  response.end('data: [DONE]\n\n');
}

const withTotal = (usage: Usage) => ({ ...usage, total_tokens: usage.prompt_tokens + usage.completion_tokens });
const event = (data: JsonValue): string => `data: ${JSON.stringify(data)}\n\n`;
const chunk = (shape: Shape) => ({
  id: 'chatcmpl-scripted',
  object: 'chat.completion.chunk',
  created: 0,
  model: shape.model,
});
const delta = (part: JsonValue, shape: Shape, finishReason: string | null = null): JsonValue => ({
  ...chunk(shape),
  choices: [{ index: 0, delta: part, finish_reason: finishReason }],
});
