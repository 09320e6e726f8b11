import { hasInvalidString } from '@manara/db/ingest/check-value';
import { isJsonObject, type JsonValue } from '@manara/kernel/json';
import { refusal } from './auth-refusal.ts';
import { parseBody, requireJson } from './read-body.ts';

/** Characters. The library bounds passwords alone, and reads the account's row with every request. */
const LENGTH_MAX = { name: 200, email: 254, image: 2000 } as const;

/**
 * What is wrong with a body before the auth library sees it, or null. It merges bodies recursively and hands their texts to
 * the database as they are, and would take forms too, which any site's page can send. Media type, JSON and depth are
 * checked as on every route, and throw what they throw there.
 */
export function judgeAuthBody(headers: Headers, bytes: Uint8Array): Response | null {
  requireJson(headers);
  const body = parseBody(bytes) as JsonValue;
  if (hasInvalidString(body))
    return refusal(400, 'invalid_string', 'A text of the body holds NUL or a lone surrogate.');
  if (!isJsonObject(body)) return null;
  for (const [field, max] of Object.entries(LENGTH_MAX)) {
    const value = body[field];
    if (typeof value !== 'string' || value.length <= max) continue;
    return refusal(400, 'field_too_large', `${field}: at most ${max} characters.`);
  }
  return null;
}

/** The protocol lets the name be left out; the library wants one. */
export function withName(body: unknown): unknown {
  if (typeof body !== 'object' || body === null) return body;
  const { name, email } = body as { name?: unknown; email?: unknown };
  if ((name !== undefined && name !== null && name !== '') || typeof email !== 'string') return body;
  return { ...body, name: email.split('@')[0]?.slice(0, LENGTH_MAX.name) };
}
