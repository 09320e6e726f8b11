import { type PlannerReply, plannerReply } from '@manara/protocol/planner';
import type { Account } from './profile.ts';

/** Where the server sends mission inputs. */
export interface KnownPlanner extends PlannerReply {
  /** told at an earlier start of the app, and not again since */
  readonly isLastKnown: boolean;
}

type Store = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

const keyOf = (account: Account): string => `manara.planner|${account.id}`;

/** What the server told an account last; null: nothing yet. */
export function readPlanner(store: Store, account: Account): KnownPlanner | null {
  try {
    const kept = plannerReply.safeParse(JSON.parse(store.getItem(keyOf(account)) ?? 'null'));
    return kept.success ? { ...kept.data, isLastKnown: true } : null;
  } catch {
    return null;
  }
}

export function keepPlanner(store: Store, account: Account, reply: PlannerReply): void {
  try {
    store.setItem(keyOf(account), JSON.stringify(reply));
  } catch {
    // Full or blocked: it is known until the page goes.
  }
}

/** The account's data is to be removed from this browser. */
export const forgetPlanner = (store: Store, account: Account): void => store.removeItem(keyOf(account));
