import type { RunRequest } from './tables/missions.ts';
import type { Iteration } from './tables/plans.ts';

/**
 * The "run now" of one mission that no run has served. A run serves every request made before it started, and the one
 * that it names as its slot with all before that: a device whose clock is ahead asks in the future of the run's clock.
 */
export function openRequests(
  requests: readonly RunRequest[],
  iterations: readonly Pick<Iteration, 'slot' | 'startedAt'>[],
): readonly RunRequest[] {
  const askedAt = new Map(requests.map(({ id, requestedAt }) => [id, requestedAt]));
  const servedTo = Math.max(0, ...iterations.map(({ slot, startedAt }) => Math.max(startedAt, askedAt.get(slot) ?? 0)));
  return requests.filter(({ kind, requestedAt }) => kind === 'run' && requestedAt > servedTo);
}
