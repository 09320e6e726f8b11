import { isJsonObject, type JsonValue } from '@manara/kernel/json';
import type { LiveEvent } from '@manara/protocol/live';
import { EventStreamReader } from './event-stream.ts';
import type { Timers, Transport, TransportReply, TransportRequest } from './ports.ts';

export interface HttpTransportOptions {
  /** '' for the origin that served the app */
  readonly baseUrl: string;
  readonly fetch: typeof globalThis.fetch;
  readonly timers: Timers;
  /** a Bearer token; without one the session's cookie is sent */
  readonly token?: () => string | null;
}

/** The transport over HTTP. An answer that is no JSON of this protocol counts as the server being away. */
export function httpTransport(options: HttpTransportOptions): Transport {
  return {
    send: (request) => send(options, request),
    live: (listener, signal) => live(options, listener, signal),
  };
}

function headersOf({ token }: HttpTransportOptions, accept: string, json: boolean): Record<string, string> {
  const bearer = token?.() ?? null;
  return {
    accept,
    ...(json ? { 'content-type': 'application/json' } : {}),
    ...(bearer === null ? {} : { authorization: `Bearer ${bearer}` }),
  };
}

async function send(options: HttpTransportOptions, request: TransportRequest): Promise<TransportReply> {
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  let cancel = options.timers.after(request.timeoutMs, stop);
  // A page of 4 MiB takes minutes on a slow line: what counts is that it goes on.
  const heard = (): void => {
    cancel();
    cancel = options.timers.after(request.timeoutMs, stop);
  };
  request.signal.addEventListener('abort', stop, { once: true });
  if (request.signal.aborted) stop();
  try {
    const response = await options.fetch(`${options.baseUrl}${request.path}`, {
      method: request.method,
      headers: headersOf(options, 'application/json', request.body !== undefined),
      credentials: options.token ? 'omit' : 'same-origin',
      cache: 'no-store',
      signal: controller.signal,
      ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
    });
    return await readResponse(response, heard);
  } catch {
    return { ok: false, kind: 'network' };
  } finally {
    cancel();
    request.signal.removeEventListener('abort', stop);
  }
}

async function readText(response: Response, heard: () => void): Promise<string> {
  const decoder = new TextDecoder();
  const reader = response.body?.getReader();
  let text = '';
  for (;;) {
    const chunk = await reader?.read();
    if (chunk === undefined || chunk.done) return text + decoder.decode();
    heard();
    text += decoder.decode(chunk.value, { stream: true });
  }
}

async function readResponse(response: Response, heard: () => void): Promise<TransportReply> {
  const text = await readText(response, heard);
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    body = undefined;
  }
  if (response.ok && body !== undefined) return { ok: true, body };
  const error = isJsonObject(body) && isJsonObject(body.error) ? body.error : {};
  const { code, message, details } = error as Record<string, unknown>;
  return {
    ok: false,
    kind: 'status',
    status: response.status,
    code: typeof code === 'string' ? code : 'internal',
    message: typeof message === 'string' ? message : `the server answered ${response.status}`,
    details: isJsonObject(details) ? (details as Record<string, JsonValue>) : {},
    retryAfterMs: retryAfterMs(response.headers.get('retry-after')),
  };
}

/** The longest pause that a server may ask for: an hour. A larger one is a mistake of something between. */
const RETRY_AFTER_MS_MAX = 3_600_000;

/** Seconds only: a date would need a clock that both agree on. */
function retryAfterMs(header: string | null): number | null {
  const seconds = header === null ? Number.NaN : Number(header);
  return Number.isFinite(seconds) && seconds >= 0 ? Math.min(RETRY_AFTER_MS_MAX, seconds * 1000) : null;
}

async function live(
  options: HttpTransportOptions,
  listener: { open(): void; event(event: LiveEvent): void },
  signal: AbortSignal,
): Promise<void> {
  try {
    const response = await options.fetch(`${options.baseUrl}/v1/sync/live`, {
      headers: headersOf(options, 'text/event-stream', false),
      credentials: options.token ? 'omit' : 'same-origin',
      cache: 'no-store',
      signal,
    });
    const type = response.headers.get('content-type') ?? '';
    if (!response.ok || response.body === null || !type.startsWith('text/event-stream')) {
      await response.body?.cancel();
      return;
    }
    listener.open();
    const events = new EventStreamReader((event) => listener.event(event));
    const decoder = new TextDecoder();
    const reader = response.body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      events.push(decoder.decode(value, { stream: true }));
    }
  } catch {
    // an ended line is the caller's to open again
  }
}
