import { adoptGuest } from '@manara/local-db/adopt-guest';
import type { LocalDb } from '@manara/local-db/open-local-db';
import { openDatabase, userOf } from './open-database.ts';
import { GUEST, type Profile, readProfile, writeProfile } from './profile.ts';
import type { Seams } from './seams.ts';

/**
 * Moves what was written as a guest into the account's database, which the profile says is still to be done. One tab does
 * it; another that starts meanwhile waits and finds it done. Cut off at any point, the next start goes on with it.
 */
export async function adoptInto(db: LocalDb, profile: Profile, storage: Storage, seams: Seams): Promise<Profile> {
  const settled: Profile = { ...profile, adopting: false };
  const move = async (): Promise<void> => {
    if (!readProfile(storage).adopting) return;
    const guest = await openDatabase(GUEST, seams, () => undefined);
    await adoptGuest({ guest, account: db, user: userOf(profile) });
    writeProfile(storage, settled);
  };
  const locks = seams.locks();
  await (locks ? locks.request('manara-adopt', move) : move());
  return settled;
}
