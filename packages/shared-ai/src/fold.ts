import { hashJson } from '@manara/kernel/hash';
import type { JsonObject } from '@manara/kernel/json';
import type { Decision, Execution, Iteration, Step } from './tables/plans.ts';

/**
 * Status is a fold of rows, never a field that two devices fight over. One pure function for client and server.
 *
 * Invariants, each a test of the same name in fold.test.ts:
 * - F1 an execution decides, whatever the decisions say
 * - F2 else the first approve or reject by `accepted` that carries the hash of the arguments as they then stood
 * - F3 rows that the server has not accepted come last, and what they decide is provisional
 * - F4 an edit changes the arguments and so voids decisions of the old ones
 * - F5 undecided steps of an iteration that does not stand for its slot lapse
 * - F6 the order in which rows arrive does not matter
 */
export type Status = 'pending' | 'approved' | 'rejected' | 'done' | 'failed' | 'undone' | 'lapsed' | 'quarantined';

export interface StepRows {
  readonly step: Step;
  readonly decisions: readonly Decision[];
  readonly execution: Execution | undefined;
  /** whether its iteration is the one that stands for its slot */
  readonly standing: boolean;
}

export interface Folded {
  readonly status: Status;
  /** the arguments as they stand: the step's, or those of the last edit that counted */
  readonly args: JsonObject;
  readonly argsHash: string;
  readonly edited: boolean;
  /** decided by a row that the server has not accepted yet */
  readonly provisional: boolean;
  /** executed although a reject was accepted first: shown, with Undo */
  readonly contested: boolean;
  readonly decidedBy: Decision | undefined;
  /** end of the last snooze, ms since 1970 */
  readonly snoozedUntil: number | null;
}

type Ordered = { readonly accepted: string | null; readonly id: string };

/** The one order of insert-only rows: as the server accepted them, the others after, by their own time. */
export function inAcceptedOrder<R extends Ordered>(rows: readonly R[], ownTime: (row: R) => number): readonly R[] {
  return [...rows].sort((a, b) => {
    if (a.accepted !== null && b.accepted !== null && a.accepted !== b.accepted)
      return a.accepted < b.accepted ? -1 : 1;
    if ((a.accepted === null) !== (b.accepted === null)) return a.accepted === null ? 1 : -1;
    return ownTime(a) - ownTime(b) || (a.id < b.id ? -1 : 1);
  });
}

/** The iteration that stands for a slot: the first accepted one. */
export const standingIteration = (ofSlot: readonly Iteration[]): Iteration | undefined =>
  inAcceptedOrder(ofSlot, (iteration) => iteration.finishedAt)[0];

interface Decided {
  readonly args: JsonObject;
  readonly argsHash: string;
  readonly edited: boolean;
  readonly decidedBy: Decision | undefined;
  readonly snoozedUntil: number | null;
}

function foldDecisions(step: Step, decisions: readonly Decision[]): Decided {
  let decided: Decided = {
    args: step.args,
    argsHash: hashJson(step.args),
    edited: false,
    decidedBy: undefined,
    snoozedUntil: null,
  };
  for (const decision of inAcceptedOrder(decisions, (row) => row.decidedAt)) {
    const binds = decision.argsHash === decided.argsHash;
    const open = decided.decidedBy === undefined;
    if (decision.verb === 'snooze') decided = { ...decided, snoozedUntil: decision.until };
    else if (!binds) continue;
    else if (decision.verb === 'edit' && open && decision.args !== null) {
      decided = { ...decided, args: decision.args, argsHash: hashJson(decision.args), edited: true };
    } else if ((decision.verb === 'approve' || decision.verb === 'reject') && open)
      decided = { ...decided, decidedBy: decision };
    // A person takes a reject back: the step is open again.
    else if (decision.verb === 'undo' && decided.decidedBy?.verb === 'reject')
      decided = { ...decided, decidedBy: undefined };
  }
  return decided;
}

function statusOf(rows: StepRows, decidedBy: Decision | undefined): Status {
  if (rows.execution !== undefined) return rows.execution.status;
  if (rows.step.validity.state === 'quarantined') return 'quarantined';
  if (decidedBy !== undefined) return decidedBy.verb === 'approve' ? 'approved' : 'rejected';
  return rows.standing ? 'pending' : 'lapsed';
}

export function foldStep(rows: StepRows): Folded {
  const decided = foldDecisions(rows.step, rows.decisions);
  const { decidedBy } = decided;
  return {
    ...decided,
    status: statusOf(rows, decidedBy),
    provisional: rows.execution === undefined && decidedBy !== undefined && decidedBy.accepted === null,
    contested: rows.execution?.status === 'done' && decidedBy?.verb === 'reject' && decidedBy.accepted !== null,
  };
}
