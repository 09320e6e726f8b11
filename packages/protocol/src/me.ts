import * as z from 'zod/mini';
import { count, epoch, uuid } from './wire.ts';

export const spaceKind = z.enum(['personal', 'shared']);
export const spaceRole = z.enum(['owner', 'editor', 'viewer']);
export type SpaceRole = z.output<typeof spaceRole>;

export const meReply = z.object({
  user: z.object({ id: z.string(), email: z.string(), name: z.string() }),
  spaces: z.array(z.object({ id: uuid, kind: spaceKind, role: spaceRole })),
  /** milliseconds since 1970 */
  serverTime: count,
  epoch,
  limits: z.object({
    opsPerPush: count,
    bodyBytes: count,
    fieldBytes: count,
    nesting: count,
    pullRecords: count,
    pullBytes: count,
  }),
});
export type MeReply = z.output<typeof meReply>;
