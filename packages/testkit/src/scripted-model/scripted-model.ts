import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isJsonObject, type JsonValue } from '@manara/kernel/json';
import type { RecordedRequest, ScriptedReply } from './scripted-reply.ts';
import { sendReply } from './send-reply.ts';

export interface ScriptedModelOptions {
  readonly host?: string;
  /** 0, the default, takes a free one */
  readonly port?: number;
  /** the only model that the server knows; any other name is 404 */
  readonly model?: string;
  /** when set, a request without this key is 401 */
  readonly apiKey?: string;
  readonly replies?: readonly ScriptedReply[];
  readonly fallback?: ScriptedReply;
}

/** A model whose every answer a test decides: an OpenAI-compatible server over real HTTP. */
export interface ScriptedModel {
  /** what OPENAI_BASE_URL is set to */
  readonly baseUrl: string;
  readonly port: number;
  readonly requests: readonly RecordedRequest[];
  /** Answers, in this order, to the next requests that they match. */
  enqueue(...replies: readonly ScriptedReply[]): void;
  /** The answer when the queue holds none that matches. */
  setFallback(reply: ScriptedReply): void;
  /** A planner in code: what it returns wins over queue and fallback; undefined passes on. */
  answerWith(answer: (request: RecordedRequest) => ScriptedReply | undefined): void;
  /** Forgets requests, queue and answer function. */
  reset(): void;
  close(): Promise<void>;
}

const EMPTY_PLAN: ScriptedReply = { kind: 'plan', summary: 'Nothing to do', steps: [] };

/** Starts the server; it listens when this resolves. */
export async function startScriptedModel(options: ScriptedModelOptions = {}): Promise<ScriptedModel> {
  const script = new Script(options);
  const server = createServer((request, response) => {
    answer(script, request, response).catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(500).end(String(error));
      else response.destroy();
    });
  });
  server.listen(options.port ?? 0, options.host ?? '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    baseUrl: `http://${options.host ?? '127.0.0.1'}:${port}/v1`,
    port,
    requests: script.requests,
    enqueue: (...replies) => void script.queue.push(...replies),
    setFallback: (reply) => script.setFallback(reply),
    answerWith: (answer) => script.answerWith(answer),
    reset: () => script.reset(),
    close: () => closeServer(server),
  };
}

class Script {
  readonly requests: RecordedRequest[] = [];
  readonly queue: ScriptedReply[];
  readonly model: string;
  readonly apiKey: string | undefined;
  fallback: ScriptedReply;
  inCode: ((request: RecordedRequest) => ScriptedReply | undefined) | undefined;

  constructor(options: ScriptedModelOptions) {
    this.queue = [...(options.replies ?? [])];
    this.model = options.model ?? 'scripted';
    this.apiKey = options.apiKey;
    this.fallback = options.fallback ?? EMPTY_PLAN;
  }

  next(request: RecordedRequest): ScriptedReply {
    const inCode = this.inCode?.(request);
    if (inCode) return inCode;
    const index = this.queue.findIndex(
      (reply) => reply.match === undefined || request.promptText.includes(reply.match),
    );
    return (index < 0 ? undefined : this.queue.splice(index, 1)[0]) ?? this.fallback;
  }

  setFallback(reply: ScriptedReply): void {
    this.fallback = reply;
  }

  answerWith(answer: (request: RecordedRequest) => ScriptedReply | undefined): void {
    this.inCode = answer;
  }

  reset(): void {
    this.requests.length = 0;
    this.queue.length = 0;
    this.inCode = undefined;
  }
}

async function answer(script: Script, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = request.url ?? '/';
  if (path === '/control' || path.startsWith('/control/')) return control(script, request, response);
  const body = await readJson(request);
  const authorization = request.headers.authorization ?? null;
  const recorded: RecordedRequest = { path, authorization, body, promptText: promptText(body) };
  script.requests.push(recorded);
  if (script.apiKey !== undefined && authorization !== `Bearer ${script.apiKey}`) {
    return sendError(response, 401, 'Incorrect API key provided', 'invalid_api_key');
  }
  if (request.method === 'GET' && path === '/v1/models') {
    return sendJson(response, 200, {
      object: 'list',
      data: [{ id: script.model, object: 'model', created: 0, owned_by: 'manara' }],
    });
  }
  if (request.method !== 'POST' || path !== '/v1/chat/completions')
    return sendError(response, 404, 'Unknown route', null);
  if (!isJsonObject(body) || !Array.isArray(body.messages))
    return sendError(response, 400, 'messages is missing', null);
  if (body.model !== script.model) return sendError(response, 404, `The model does not exist`, 'model_not_found');
  await sendReply(response, script.next(recorded), { model: script.model, stream: body.stream === true });
}

/** For tests in another process: what `ScriptedModel` does, over HTTP. */
async function control(script: Script, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const route = `${request.method} ${request.url}`;
  const body = await readJson(request);
  if (route === 'GET /control/requests') return sendJson(response, 200, script.requests as unknown as JsonValue);
  if (route === 'DELETE /control') {
    script.reset();
    return sendJson(response, 200, {});
  }
  if (route === 'POST /control' && isJsonObject(body)) {
    // The script comes from the test itself: it is trusted to be replies.
    const { replies, fallback } = body as { replies?: readonly ScriptedReply[]; fallback?: ScriptedReply };
    script.queue.push(...(replies ?? []));
    if (fallback) script.fallback = fallback;
    return sendJson(response, 200, { queued: script.queue.length });
  }
  return sendError(response, 404, 'POST /control, DELETE /control or GET /control/requests', null);
}

async function readJson(request: IncomingMessage): Promise<JsonValue> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  try {
    return text === '' ? null : (JSON.parse(text) as JsonValue);
  } catch {
    return text;
  }
}

function promptText(body: JsonValue): string {
  if (!isJsonObject(body) || !Array.isArray(body.messages)) return '';
  const messages: readonly JsonValue[] = body.messages;
  return messages.map((message) => (isJsonObject(message) ? textOf(message.content) : '')).join('\n');
}

const textOf = (content: JsonValue | undefined): string =>
  typeof content === 'string' ? content : content === undefined ? '' : JSON.stringify(content);

function sendJson(response: ServerResponse, status: number, body: JsonValue): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function sendError(response: ServerResponse, status: number, message: string, code: string | null): void {
  sendJson(response, status, { error: { message, type: 'invalid_request_error', param: null, code } });
}

async function closeServer(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  // Stalled answers would keep it open for ever.
  server.closeAllConnections();
  await closed;
}
