import { ok } from '@manara/kernel/result';
import type { Device } from '@manara/protocol/devices';
import type { Api, ApiResult } from './api.ts';

/** A device as the app calls it: the server knows when it came and was last here, and nothing else of it. */
export interface NamedDevice extends Device {
  readonly name: string;
  readonly isThis: boolean;
}

/** The account's devices, the latest seen first. */
export async function namedDevices(
  api: Pick<Api, 'devices'>,
  clientId: string | null,
): Promise<ApiResult<readonly NamedDevice[]>> {
  const reply = await api.devices();
  if (!reply.ok) return reply;
  const named = reply.value.map((device): NamedDevice => {
    const isThis = device.client === clientId;
    const name = isThis ? 'This device' : device.current ? 'This browser, earlier' : 'Another device';
    return { ...device, name, isThis };
  });
  return ok(named.sort((a, b) => b.lastSeen - a.lastSeen));
}
