import { ERROR_STATUS } from '@manara/protocol/error';
import { HttpError } from './http-error.ts';

/** An answer that is no success, in the form that the auth library's own have. */
export function refusal(
  status: number,
  code: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return Response.json({ code, message }, { status, headers: { 'cache-control': 'no-store', ...headers } });
}

/** The same of an error that other routes answer in their form; whatever else was thrown is thrown on. */
export function refusalOf(error: unknown): Response {
  if (!(error instanceof HttpError)) throw error;
  return refusal(ERROR_STATUS[error.code], error.code, error.message, error.headers);
}
