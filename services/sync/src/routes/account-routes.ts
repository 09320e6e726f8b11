import { endSessions, listDevices, revokeDevice } from '@manara/db/accounts/devices';
import { listSpaces } from '@manara/db/accounts/list-spaces';
import { clientsOfSession } from '@manara/db/accounts/open-sessions';
import { readEpoch } from '@manara/db/epoch';
import { inTransaction } from '@manara/db/in-transaction';
import { readServerTime } from '@manara/db/pull/read-heads';
import type { DeviceRevokedReply, DevicesReply } from '@manara/protocol/devices';
import { LIMITS } from '@manara/protocol/limits';
import type { MeReply } from '@manara/protocol/me';
import { isNode } from '@manara/sync-core/stamp';
import type { RouteDeps } from '../app-deps.ts';
import { HttpError } from '../http-error.ts';
import type { LiveHub } from '../live/live-hub.ts';
import type { SessionRoute } from '../route.ts';

export function meRoute({ db, clock }: RouteDeps): SessionRoute {
  return {
    method: 'GET',
    path: '/v1/me',
    async handle(c, session) {
      const { userId: id, email, name } = session;
      const reply = await inTransaction(db, { role: 'app', accountId: id }, async (tx): Promise<MeReply> => {
        const [spaces, serverTimeMs, epoch] = await Promise.all([listSpaces(tx), readServerTime(tx), readEpoch(tx)]);
        const serverTime = Math.max(clock.nowMs(), serverTimeMs);
        return { user: { id, email, name }, spaces: [...spaces], serverTime, epoch, limits: LIMITS };
      });
      return c.json(reply);
    },
  };
}

export function devicesRoute({ db }: RouteDeps): SessionRoute {
  return {
    method: 'GET',
    path: '/v1/devices',
    async handle(c, session) {
      const reply = await inTransaction(db, { role: 'app', accountId: session.userId }, async (tx) => {
        const [devices, own] = await Promise.all([listDevices(tx), clientsOfSession(tx, session.id)]);
        const list: DevicesReply['devices'] = devices
          .filter((device) => !device.revoked)
          .map(({ client, firstSeen, lastSeen }) => ({
            client,
            firstSeen: firstSeen.getTime(),
            lastSeen: lastSeen.getTime(),
            current: own.has(client),
          }));
        return { devices: list };
      });
      return c.json(reply);
    },
  };
}

/** Ends the sessions that the device used: its next request is unauthenticated and its streams close. */
export function revokeDeviceRoute({ db }: RouteDeps, hub: LiveHub): SessionRoute {
  return {
    method: 'DELETE',
    path: '/v1/devices/:client',
    async handle(c, session) {
      const client = c.req.param('client');
      const sessions = isNode(client)
        ? await inTransaction(db, { role: 'app', accountId: session.userId }, (tx) => revokeDevice(tx, client))
        : null;
      if (sessions === null) throw new HttpError('not_found', 'This account has no such device.');
      await endSessions(db, session.userId, sessions);
      hub.endSessions(sessions);
      return c.json({ sessionsEnded: sessions.length } satisfies DeviceRevokedReply);
    },
  };
}
