import * as z from 'zod/mini';
import { GET_IDS_MAX } from './limits.ts';
import { wireRecord } from './record.ts';
import { count, uuid } from './wire.ts';

export const getRequest = z.object({
  space: z.string(),
  table: z.string(),
  ids: z.array(uuid).check(z.maxLength(GET_IDS_MAX)),
});
export type GetRequest = z.output<typeof getRequest>;

/** Records that exist, each once; an id without a record is left out. */
export const getReply = z.object({ records: z.array(wireRecord), head: count });
export type GetReply = z.output<typeof getReply>;
