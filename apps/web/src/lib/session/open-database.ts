import type { FaultListener } from '@manara/local-db/database';
import { type LocalDb, openLocalDb } from '@manara/local-db/open-local-db';
import { tables, toolByName } from '@manara/modules/registry';
import type { Actor } from '@manara/sync-core/actor';
import { databaseName, type Profile } from './profile.ts';
import type { Seams } from './seams.ts';

/** The person as the author of changes. A guest is renamed when the data moves into an account. */
export function userOf({ account }: Profile): Actor {
  return account === null
    ? { kind: 'user', id: 'guest', name: 'You' }
    : { kind: 'user', id: account.id, name: account.name };
}

/** Opens the database of a profile, and makes it when this browser has none. */
export function openDatabase(profile: Profile, seams: Seams, onFault: FaultListener): Promise<LocalDb> {
  const { account } = profile;
  return openLocalDb({
    name: databaseName(profile),
    tables,
    tools: toolByName,
    origin: {
      kind: account === null ? 'guest' : 'account',
      space: account?.space ?? seams.newId(),
      clientId: seams.newClientId(),
    },
    seams: {
      nowMs: seams.nowMs,
      newId: seams.newId,
      newClientId: seams.newClientId,
      random: seams.random,
      sleep: seams.sleep,
    },
    onFault,
  });
}
