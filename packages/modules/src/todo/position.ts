import { generateKeyBetween } from 'fractional-indexing';

/** The longest position that the schema takes. */
const POSITION_CHARS_MAX = 200;

/**
 * A position that sorts between two, by code unit. Total: another client may have written anything, also two equal
 * positions, and then the new one sorts right after `after` and ties are broken by id.
 * @param after the position above, null for the top
 * @param before the position below, null for the bottom
 */
export function positionBetween(after: string | null, before: string | null): string {
  const lower = after === '' ? null : after;
  const upper = before === '' ? null : before;
  const ordered = lower === null || upper === null || lower < upper;
  try {
    const key = generateKeyBetween(lower, ordered ? upper : null);
    const lies = (lower === null || key > lower) && (!ordered || upper === null || key < upper);
    // The library takes some texts for keys that are none, and then counts wrong.
    if (lies && key.length <= POSITION_CHARS_MAX) return key;
  } catch {
    // Not a key of ours. Any text that starts with `after` and goes on sorts right after it.
  }
  const beside = `${lower ?? ''}V`;
  return beside.length <= POSITION_CHARS_MAX && (upper === null || beside < upper) ? beside : (lower ?? upper ?? 'a0');
}

/** Orders rows as the person has put them. */
export function byPosition(
  a: { readonly position: string; readonly id: string },
  b: { readonly position: string; readonly id: string },
): number {
  if (a.position !== b.position) return a.position < b.position ? -1 : 1;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

/** The position below all of these rows. */
export function positionAtEnd(rows: Iterable<{ readonly position: string }>): string {
  let last: string | null = null;
  for (const { position } of rows) if (last === null || position > last) last = position;
  return positionBetween(last, null);
}
