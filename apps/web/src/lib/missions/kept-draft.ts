import type { Mission } from '@manara/shared-ai/tables/missions';
import type { MissionDraft } from './mission-draft.ts';

const TEXTS = ['title', 'objective', 'concept'] as const;

/** What was changed in the composer and not saved. */
export interface KeptDraft {
  readonly changed: Partial<MissionDraft>;
  /** those of the mission's texts that were changed, as they were before: what came in since is kept when this is saved */
  readonly seen: Partial<Pick<Mission, (typeof TEXTS)[number]>>;
}

/** What differs from where the person began; null: nothing. */
export function changedSince(origin: Mission | null, base: MissionDraft, draft: MissionDraft): KeptDraft | null {
  const differs = ([name, value]: [string, unknown]): boolean =>
    JSON.stringify(value) !== JSON.stringify(base[name as keyof MissionDraft]);
  const changed = Object.fromEntries(Object.entries(draft).filter(differs)) as Partial<MissionDraft>;
  if (Object.keys(changed).length === 0) return null;
  const seen = origin === null ? [] : TEXTS.filter((name) => name in changed).map((name) => [name, origin[name]]);
  return { changed, seen: Object.fromEntries(seen) };
}

const PREFIX = 'manara-mission-draft|';
/** A guest's drafts are the guest's whatever the database is called, so that they are found when it moves. */
const GUEST = 'guest';

/** Where drafts of a person are kept: an account's never show for another. */
export const draftOwner = (space: string, guest: boolean): string => (guest ? GUEST : space);

const storageKey = (owner: string, key: string): string => `${PREFIX}${owner}|${key}`;

/** Keeps an unfinished draft over reloads; null forgets it. A full or blocked storage only loses this convenience. */
export function keepDraft(owner: string, key: string, draft: KeptDraft | null): void {
  try {
    if (draft === null) sessionStorage.removeItem(storageKey(owner, key));
    else sessionStorage.setItem(storageKey(owner, key), JSON.stringify(draft));
  } catch {
    // The draft lives on in the page.
  }
}

export function restoreDraft(owner: string, key: string): KeptDraft | null {
  try {
    const kept = JSON.parse(sessionStorage.getItem(storageKey(owner, key)) ?? 'null') as KeptDraft | null;
    return kept?.changed ? kept : null;
  } catch {
    return null;
  }
}

/**
 * Hands what the guest had not finished to the account that opens here: it is the one that takes the guest's data over.
 * At once and whatever page is shown, so that nothing is left for whoever signs in after it.
 */
export function adoptDrafts(space: string): void {
  try {
    const keys = Array.from({ length: sessionStorage.length }, (_, at) => sessionStorage.key(at) ?? '');
    for (const name of keys.filter((one) => one.startsWith(storageKey(GUEST, '')))) {
      const key = name.slice(storageKey(GUEST, '').length);
      sessionStorage.setItem(storageKey(space, key), sessionStorage.getItem(name) ?? 'null');
      sessionStorage.removeItem(name);
    }
  } catch {
    // Blocked: there is nothing in it.
  }
}
