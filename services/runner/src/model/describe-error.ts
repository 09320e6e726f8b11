import { APIConnectionError, APIError } from 'openai';
import { endpointHost, type ModelConfig } from './model-config.ts';
import { failure, type ModelFailure, ModelFault } from './model-failure.ts';

const NOT_COMPATIBLE = 'The address answers, but not as an OpenAI-compatible chat server. It usually ends in /v1.';

/** Turns whatever the SDK threw into a failure with words for the owner. Never repeats a key. */
export function describeError(error: unknown, config: ModelConfig): ModelFailure {
  if (error instanceof ModelFault) return error.failure;
  if (error instanceof APIConnectionError) return describeConnection(error, config);
  if (error instanceof APIError && error.status !== undefined) return describeStatus(error, error.status, config);
  // An error event in the middle of a stream has no status.
  if (error instanceof APIError)
    return failure('server_error', `The model reported an error${quote(error, config)}.`, true);
  if (error instanceof SyntaxError) return failure('not_compatible', NOT_COMPATIBLE);
  if (isBrokenTransfer(error))
    return failure('cut', 'The connection to the model broke in the middle of its answer.', true);
  return failure('not_compatible', NOT_COMPATIBLE);
}

export const notCompatible = (): ModelFailure => failure('not_compatible', NOT_COMPATIBLE);

function describeConnection(error: APIConnectionError, config: ModelConfig): ModelFailure {
  const host = endpointHost(config.baseUrl);
  const code = causeCode(error);
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return failure('refused', `The address of the model, ${host}, is not known.`, code === 'EAI_AGAIN');
  if (code === 'ECONNREFUSED')
    return failure(
      'refused',
      `Nothing answers at ${host}: the connection was refused. Is the model server running?`,
      true,
    );
  if (code === 'ETIMEDOUT' || code === 'UND_ERR_CONNECT_TIMEOUT') return failure('timeout', `${host} does not answer.`);
  if (code?.startsWith('ERR_TLS') || code?.includes('CERT'))
    return failure('refused', `The certificate of ${host} is not trusted (${code}).`);
  return failure('cut', `The connection to ${host} broke${code ? ` (${code})` : ''}.`, true);
}

function describeStatus(error: APIError, status: number, config: ModelConfig): ModelFailure {
  const said = quote(error, config);
  if (status === 401 || status === 403) {
    const hint = config.apiKey === null ? 'it wants a key: set OPENAI_API_KEY' : 'check OPENAI_API_KEY';
    return failure('unauthorized', `The model server refused the key (${status}): ${hint}.`);
  }
  if (status === 404 && isUnknownModel(error)) {
    return failure('unknown_model', `The server does not know the model "${config.model}": check MANARA_MODEL.`);
  }
  if (status === 404 || status === 405)
    return failure('not_compatible', `${NOT_COMPATIBLE} (${status} for /chat/completions)`);
  if (status === 429) {
    const retryAfterMs = readRetryAfter(error);
    const asked = retryAfterMs === undefined ? '' : `, and asks to wait ${Math.round(retryAfterMs / 1000)} s`;
    return {
      ...failure('rate_limited', `The model is over its rate limit${asked}.`, true),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    };
  }
  if (status === 408 || status === 504) return failure('timeout', `The model server timed out (${status}).`, true);
  if (status >= 500) return failure('server_error', `The model server failed (${status})${said}.`, true);
  return failure('bad_request', `The model server refused the request (${status})${said}.`);
}

function isUnknownModel(error: APIError): boolean {
  return error.code === 'model_not_found' || /model/i.test(error.message);
}

/** Retry-After in ms: seconds, or nothing for a date, whose meaning depends on two clocks. */
function readRetryAfter(error: APIError): number | undefined {
  const text = error.headers?.get('retry-after');
  const seconds = text ? Number(text) : Number.NaN;
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined;
}

/** A short excerpt of what the server said, without anything like a key. */
function quote(error: APIError, config: ModelConfig): string {
  const body = error.error as { message?: unknown } | undefined;
  if (typeof body?.message !== 'string') return '';
  let text = body.message;
  if (config.apiKey) text = text.replaceAll(config.apiKey, '***');
  text = text
    .replace(/\b(sk|key|Bearer)[-_ ][\w*-]{4,}/gi, '***')
    .replace(/\s+/g, ' ')
    .trim();
  return text ? `: ${text.slice(0, 200)}` : '';
}

function causeCode(error: unknown): string | undefined {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 6; at = at.cause, depth++) {
    const { code } = at as { code?: unknown };
    if (typeof code === 'string') return code;
    const inner = (at as { errors?: unknown }).errors;
    if (Array.isArray(inner)) return causeCode(inner[0]);
  }
  return undefined;
}

/** undici's `TypeError: terminated`, and sockets that close in mid-body. */
function isBrokenTransfer(error: unknown): boolean {
  return (
    error instanceof TypeError ||
    causeCode(error) !== undefined ||
    (error instanceof Error && error.name === 'AbortError')
  );
}
