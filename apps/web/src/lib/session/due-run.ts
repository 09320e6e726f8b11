import type { LocalDb } from '@manara/local-db/open-local-db';
import type { Mission } from '@manara/shared-ai/tables/missions';
import type { Seams } from './seams.ts';

/** One run that is due here: the slot names it on every device. */
export interface DueRun {
  readonly mission: Mission;
  readonly slot: string;
}

/** What planning in this browser works on. */
export interface PlanningPlace {
  readonly db: LocalDb;
  readonly seams: Pick<Seams, 'nowMs' | 'today' | 'zone'>;
}
