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
