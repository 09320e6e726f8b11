import type { LocalDb } from '@manara/local-db/open-local-db';
import type { Actor } from '@manara/sync-core/actor';
import type { Seams } from './seams.ts';
export async function adoptInto(_db: LocalDb, _user: Actor, _seams: Seams): Promise<void> {}
