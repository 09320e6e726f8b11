import * as z from 'zod/mini';

/** Every error code of the protocol with its HTTP status. The list is closed. */
export const ERROR_STATUS = {
  bad_json: 400,
  bad_cursor: 400,
  bad_query: 400,
  unauthenticated: 401,
  forbidden_origin: 403,
  not_found: 404,
  method_not_allowed: 405,
  timeout: 408,
  batch_gap: 409,
  batch_stale: 409,
  batch_reused: 409,
  epoch_changed: 409,
  cursor_ahead: 409,
  too_large: 413,
  unsupported_media_type: 415,
  invalid_request: 422,
  too_deep: 422,
  upgrade_required: 426,
  rate_limited: 429,
  internal: 500,
  unavailable: 503,
} as const;

export type ErrorCode = keyof typeof ERROR_STATUS;

export const ERROR_CODES = Object.keys(ERROR_STATUS) as ErrorCode[];

const RETRYABLE: ReadonlySet<ErrorCode> = new Set(['timeout', 'rate_limited', 'internal', 'unavailable']);

/** Whether the same request may succeed later without being changed. */
export const isRetryable = (code: ErrorCode): boolean => RETRYABLE.has(code);

/** The body of every non-2xx reply outside `/v1/auth/*`. */
export const errorBody = z.object({
  error: z.object({
    code: z.enum(ERROR_CODES),
    message: z.string(),
    requestId: z.string(),
    retryable: z.boolean(),
    /** by code: `expected` (batch_*), `min` and `max` (upgrade_required), `missing` (unavailable), ... */
    details: z.optional(z.record(z.string(), z.json())),
  }),
});
export type ErrorBody = z.output<typeof errorBody>;
