import * as z from 'zod/mini';
import { count } from './wire.ts';

const hex16 = z.string().check(z.regex(/^[0-9a-f]{16}$/));

/** `prefix` needs `table`. */
export const digestRequest = z.object({
  space: z.string(),
  table: z.optional(z.string()),
  /** the beginning of an id */
  prefix: z.optional(z.string().check(z.regex(/^[0-9a-f-]{1,36}$/))),
});
export type DigestRequest = z.output<typeof digestRequest>;

export const digestReply = z.object({
  head: count,
  digest: hex16,
  /** by table; with `table` by the id's first two hex digits; with `prefix` by id */
  parts: z.record(z.string(), hex16),
});
export type DigestReply = z.output<typeof digestReply>;
