import type { JsonObject } from '@manara/kernel/json';
import { put, type Write } from '@manara/sync-core/write';
import { cleanText } from './clean-text.ts';
import type { Proposal } from './proposal.ts';
import { type Decision, decisions } from './tables/plans.ts';

export interface DecideContext {
  /** a new UUIDv7: two people's decisions are two rows, and the server's order says which came first */
  newId(): string;
  readonly nowMs: number;
  /** of this device, 16 hex digits */
  readonly clientId: string;
}

/** The proposal as the person saw it: a decision binds to exactly these arguments. */
export type Seen = Pick<Proposal, 'stepId' | 'missionId' | 'iterationId' | 'argsHash'>;

export function decisionWrite(
  seen: Seen,
  verb: Decision['verb'],
  context: DecideContext,
  more: {
    readonly args?: JsonObject;
    readonly reasonCode?: string;
    readonly feedback?: string;
    readonly until?: number;
  } = {},
): Write {
  return put(decisions, context.newId(), {
    stepId: seen.stepId,
    missionId: seen.missionId,
    iterationId: seen.iterationId,
    verb,
    argsHash: seen.argsHash,
    args: more.args ?? null,
    reasonCode: more.reasonCode ?? null,
    feedback: cleanText(more.feedback ?? ''),
    until: more.until ?? null,
    clientId: context.clientId,
    decidedAt: context.nowMs,
  });
}

export interface Rejection {
  readonly reasonCode?: string;
  /** in the person's words; the next plan's prompt carries it */
  readonly feedback?: string;
}

export const reject = (seen: Seen, reason: Rejection, context: DecideContext): Write[] => [
  decisionWrite(seen, 'reject', context, reason),
];

/** @param untilMs when it comes back, milliseconds since 1970 */
export const snooze = (seen: Seen, untilMs: number, context: DecideContext): Write[] => [
  decisionWrite(seen, 'snooze', context, { until: untilMs }),
];

/** Wakes a snoozed proposal at once. */
export const wake = (seen: Seen, context: DecideContext): Write[] => [
  decisionWrite(seen, 'snooze', context, { until: context.nowMs }),
];

/** Takes a reject back: the proposal is open again. */
export const reopen = (seen: Seen, context: DecideContext): Write[] => [decisionWrite(seen, 'undo', context)];
