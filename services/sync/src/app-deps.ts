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
  probe(): Promise<PlannerTestReply>;
}

/** Everything the app works with; made by the composition root. */
export interface AppDeps {
  readonly db: Database;
  readonly auth: Auth;
  readonly pokes: Pokes;
  readonly clock: SyncClock;
  readonly log: ServiceLog;
  /** `publicUrl`: `MANARA_PUBLIC_URL`'s origin, or null */
  readonly config: { readonly publicUrl: string | null };
  readonly planner?: Planner | undefined;
  /** Called after the commit of a batch: it may have queued runs, or changed when missions are due. */
  readonly onRunsQueued?: (() => void) | undefined;
  /** Aborted when the process stops: held requests and streams end. */
  readonly stopping?: AbortSignal | undefined;
  /** Left out: a registry of the app's own. */
  readonly metrics?: Registry | undefined;
  /** Left out: random. */
  readonly newRequestId?: (() => string) | undefined;
}

/** The same with everything in place: what the routes work with. */
export type RouteDeps = Omit<AppDeps, 'metrics' | 'newRequestId' | 'stopping'> & {
  readonly metrics: Registry;
  readonly newRequestId: () => string;
  readonly stopping: AbortSignal;
};
