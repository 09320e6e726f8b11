import * as z from 'zod/mini';
import { clientId, count } from './wire.ts';

export const device = z.object({
  client: clientId,
  /** milliseconds since 1970 */
  firstSeen: count,
  lastSeen: count,
  /** whether the session that asks has been used by this client */
  current: z.boolean(),
});
export type Device = z.output<typeof device>;

export const devicesReply = z.object({ devices: z.array(device) });
export type DevicesReply = z.output<typeof devicesReply>;

/** `DELETE /v1/devices/<client>`: how many sessions ended. */
export const deviceRevokedReply = z.object({ sessionsEnded: count });
export type DeviceRevokedReply = z.output<typeof deviceRevokedReply>;
