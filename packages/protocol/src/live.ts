import * as z from 'zod/mini';
import { count, heads } from './wire.ts';

/** The data of `event: heads`. */
export const headsEvent = heads;
export type HeadsEvent = z.output<typeof headsEvent>;

/** The data of `event: run`: how a run of the runner gets on. */
export const runEvent = z.object({
  missionId: z.nullable(z.string()),
  runId: z.string(),
  phase: z.string(),
  elapsedMs: count,
});
export type RunEvent = z.output<typeof runEvent>;

/** The `phase` of a run that is under way. On the wire it is any text: an app is older than the server that it meets. */
export const RUN_PHASES = ['starting', 'reading', 'planning', 'answering', 'writing'] as const;
export type RunPhase = (typeof RUN_PHASES)[number];

/** The `phase` that a run's last event tells; after `queued` and `waiting to try again` the run starts once more. */
export const RUN_ENDS = ['done', 'failed', 'queued', 'waiting to try again'] as const;
export type RunEnd = (typeof RUN_ENDS)[number];

/** The data of `event: auth`, sent before the session ends. */
export const authEvent = z.object({
  /** seconds */
  expiresIn: count,
});
export type AuthEvent = z.output<typeof authEvent>;

export const LIVE_EVENTS = ['heads', 'run', 'auth'] as const;
export type LiveEvent =
  | { readonly event: 'heads'; readonly data: HeadsEvent }
  | { readonly event: 'run'; readonly data: RunEvent }
  | { readonly event: 'auth'; readonly data: AuthEvent };
