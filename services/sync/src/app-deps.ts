import type { Database } from '@manara/db/client';
import type { PlannerReply, PlannerTestReply } from '@manara/protocol/planner';
import type { Registry } from 'prom-client';
import type { Auth } from './auth.ts';
import type { Pokes } from './pokes.ts';
import type { SyncClock } from './seams.ts';
import type { ServiceLog } from './service-log.ts';

/** Where missions are planned; solo gives the runner's. */
export interface Planner {
  info(): PlannerReply;
  /** One short call of the model. */
  test(): Promise<PlannerTestReply>;
}

/** Everything the app works with; made by the composition root. */
export interface AppDeps {
  readonly db: Database;
  readonly auth: Auth;
  readonly pokes: Pokes;
  readonly clock: SyncClock;
  readonly log: ServiceLog;
  readonly metrics: Registry;
  newRequestId(): string;
  /** `MANARA_PUBLIC_URL`'s origin, or null */
  readonly publicUrl: string | null;
  /** Aborted when the process stops: held requests and streams end. */
  readonly stopping: AbortSignal;
  readonly planner?: Planner | undefined;
  /** Called after the commit of a batch that may have queued runs or changed when missions are due. */
  readonly wakeRunner?: (() => void) | undefined;
}
