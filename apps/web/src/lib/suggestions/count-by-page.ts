import type { Suggestion } from '@manara/local-db/svelte/suggestions';

/** Undecided suggestions by the path of the page that shows them: the inbox has all, a module's page its own. */
export function countByPage(suggestions: readonly Suggestion[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { ghost } of suggestions) {
    for (const path of ['/inbox', `/${ghost.module}`]) counts.set(path, (counts.get(path) ?? 0) + 1);
  }
  return counts;
}
