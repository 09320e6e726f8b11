import { noteDevice } from '@manara/db/accounts/devices';
import type { Tx } from '@manara/db/client';
import type { Session } from './auth.ts';
import type { SyncClock } from './seams.ts';

const NOTED_MS = 30_000;
const NOTED_MAX = 10_000;

export interface DeviceNotes {
  /** Notes the device in this transaction, unless it was noted a moment ago. Call the result after the commit. */
  note(tx: Tx, session: Session, client: string, epoch: string): Promise<() => void>;
}

/** Remembers which devices were noted lately: two statements less for every push and pull. */
export function createDeviceNotes(clock: SyncClock): DeviceNotes {
  const notedAt = new Map<string, number>();
  return {
    async note(tx, session, client, epoch) {
      // A revoked device comes back under another session only, so the key says all that matters.
      const key = `${session.id}|${client}`;
      const nowMs = clock.nowMs();
      const last = notedAt.get(key);
      if (last !== undefined && nowMs - last < NOTED_MS && nowMs >= last) return () => {};
      await noteDevice(tx, { accountId: session.userId, client, sessionId: session.id, epoch });
      return () => {
        notedAt.delete(key);
        notedAt.set(key, nowMs);
        if (notedAt.size > NOTED_MAX) notedAt.delete(notedAt.keys().next().value ?? '');
      };
    },
  };
}
