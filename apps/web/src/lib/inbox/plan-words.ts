import type { PlanGroup } from '@manara/shared-ai/proposal';
import { relativeWords } from '@manara/ui/relative-time/relative-words';
import { plannedByWords } from '#lib/missions/run-words.ts';

/** `Morning plan · planned by rules, no model, 2 min ago · 6 changes: 4 create, 1 edit, 1 delete · expires in 20 hours`. */
export function planLine(group: PlanGroup, nowMs: number): string {
  const by = group.iteration ? `${plannedByWords(group.iteration)}, ` : 'planned ';
  const parts = [group.mission?.title || 'Chat', `${by}${relativeWords(group.plannedAt, nowMs)}`, group.sentence];
  const expiry = expiryWords(group.expiresAt, nowMs);
  return expiry === null ? parts.join(' · ') : [...parts, expiry].join(' · ');
}

const HOUR_MS = 3_600_000;

/** Said when it is near: `expires in 5 hours`; null when it is more than three days off. */
export function expiryWords(expiresAt: number | null, nowMs: number): string | null {
  if (expiresAt === null) return null;
  const hours = Math.floor((expiresAt - nowMs) / HOUR_MS);
  if (hours >= 72) return null;
  if (hours < 1) return 'expires within the hour';
  return hours < 48 ? `expires in ${hours === 1 ? '1 hour' : `${hours} hours`}` : 'expires in 2 days';
}
