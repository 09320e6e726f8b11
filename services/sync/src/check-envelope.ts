import { isJsonObject, type JsonObject } from '@manara/kernel/json';
import { PROTOCOL_MAX, PROTOCOL_MIN } from '@manara/protocol/version';
import * as z from 'zod/mini';
import { HttpError } from './http-error.ts';

/** The body as an object whose protocol this server speaks. */
export function checkProtocol(body: unknown): JsonObject {
  const object = checkObject(body);
  const { protocol } = object;
  if (typeof protocol !== 'number' || !Number.isInteger(protocol))
    throw shapeError('protocol: a whole number is needed');
  if (protocol < PROTOCOL_MIN || protocol > PROTOCOL_MAX) {
    const details = { min: PROTOCOL_MIN, max: PROTOCOL_MAX };
    throw new HttpError('upgrade_required', `This server speaks protocol ${PROTOCOL_MIN} to ${PROTOCOL_MAX}.`, {
      details,
    });
  }
  return object;
}

export function checkObject(body: unknown): JsonObject {
  if (!isJsonObject(body)) throw shapeError('the body is an object');
  return body;
}

/** The body as the schema reads it; unknown keys are left out. */
export function checkShape<S extends z.ZodMiniType>(schema: S, body: unknown): z.output<S> {
  const parsed = z.safeParse(schema, body);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  // The path is one of the schema's own keys; what the client sent is not repeated.
  const where = (issue?.path ?? [])
    .filter((step) => typeof step === 'string' && /^[a-zA-Z]{1,20}$/.test(step))
    .join('.');
  throw shapeError(where === '' ? 'the body has another shape' : `${where}: not as the protocol says`);
}

export const shapeError = (what: string): HttpError =>
  new HttpError('invalid_request', `Not a valid request: ${what}.`);
