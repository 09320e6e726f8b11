import * as z from 'zod/mini';

/** Building blocks that several messages share. Patterns, not functions: the schema hash must see them. */
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const STAMP = /^[0-9a-f]{12}-[0-9a-f]{4}-[0-9a-f]{16}$/;
const CLIENT = /^[0-9a-f]{16}$/;

export const uuid = z.string().check(z.regex(UUID));
export const stamp = z.string().check(z.regex(STAMP));
export const clientId = z.string().check(z.regex(CLIENT));
export const epoch = z.string().check(z.maxLength(200));

/** A sequence number, a cursor or milliseconds since 1970. */
export const count = z.number().check(z.int(), z.gte(0), z.lte(Number.MAX_SAFE_INTEGER));

/** `{space: last sequence number}`. */
export const heads = z.record(z.string(), count);

export const actor = z.object({
  kind: z.enum(['user', 'ai', 'system']),
  id: z.string(),
  name: z.string(),
  missionId: z.optional(z.string()),
  iterationId: z.optional(z.string()),
  stepId: z.optional(z.string()),
  executionId: z.optional(z.string()),
  reason: z.optional(z.string()),
});
