import type { PlanGroup } from '@manara/shared-ai/proposal';
import { countWords } from '@manara/ui/count/count-words';
import { relativeWords } from '@manara/ui/relative-time/relative-words';
import { plannedByWords } from '#lib/missions/run-words.ts';

/** `Morning plan · planned by rules, no model, 2 min ago · 6 changes: 4 create, 1 edit, 1 delete · expires in 20 hours`. */
export function planLine(group: PlanGroup, nowMs: number): string {
  const by = group.iteration ? `${plannedByWords(group.iteration)}, ` : 'planned ';
  const parts = [group.mission?.title || 'Chat', `${by}${relativeWords(group.plannedAt, nowMs)}`, group.sentence];
  if (group.expiresAt === null || group.expiresAt - nowMs >= NEAR_MS) return parts.join(' · ');
  // Its steps end one by one: each with the day that it is about.
  const all = new Set(group.proposals.map((proposal) => expiryWords(proposal.expiresAt, nowMs)));
  const expiry = expiryWords(group.expiresAt, nowMs) ?? '';
  return [...parts, all.size === 1 ? expiry : `the first ${expiry}`].join(' · ');
}

const HOUR_MS = 3_600_000;
/** A plan tells of what is nearer than this. */
const NEAR_MS = 72 * HOUR_MS;

/** `expires in 5 hours`, `expires in 6 days`; null when it never does. */
export function expiryWords(expiresAt: number | null, nowMs: number): string | null {
  if (expiresAt === null) return null;
  const hours = Math.floor((expiresAt - nowMs) / HOUR_MS);
  if (hours < 1) return 'expires within the hour';
  return `expires in ${hours < 48 ? countWords(hours, 'hour') : countWords(Math.floor(hours / 24), 'day')}`;
}
