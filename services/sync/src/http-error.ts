import type { JsonValue } from '@manara/kernel/json';
import { ERROR_STATUS, type ErrorBody, type ErrorCode, isRetryable } from '@manara/protocol/error';

/** An answer that is no success, thrown by a route to its edge. Its message is for the person at the other end. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, JsonValue>> | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: ErrorCode,
    message: string,
    more: {
      readonly details?: Readonly<Record<string, JsonValue>>;
      readonly headers?: Readonly<Record<string, string>>;
    } = {},
  ) {
    super(message);
    this.code = code;
    this.details = more.details;
    this.headers = more.headers ?? {};
  }
}

/** The one shape of every error outside `/v1/auth/*`. */
export function errorResponse(error: HttpError, requestId: string): Response {
  const { code, message, details } = error;
  const body: ErrorBody = {
    error: {
      code,
      message,
      requestId,
      retryable: isRetryable(code),
      ...(details && { details: { ...details } as never }),
    },
  };
  return Response.json(body, {
    status: ERROR_STATUS[code],
    headers: { 'cache-control': 'no-store', 'x-request-id': requestId, ...error.headers },
  });
}
