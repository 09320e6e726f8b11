import type { Command } from '../shortcuts/shortcuts.svelte.ts';

/** What can be done with a suggestion; `edit` is left out where it has no form. */
export interface GhostActions {
  readonly accept: () => void;
  readonly edit?: (() => void) | undefined;
  readonly dismiss: () => void;
  readonly review: () => void;
}

/** The keys for the suggestion under the cursor, the same in every list. */
export function ghostCommands({ accept, edit, dismiss, review }: GhostActions): readonly Command[] {
  const group = 'Suggestion';
  return [
    { id: 'ghost.accept', keys: 'a', label: 'Accept suggestion', group, run: accept },
    ...(edit ? [{ id: 'ghost.edit', keys: 'e', label: 'Edit suggestion', group, run: edit }] : []),
    { id: 'ghost.dismiss', keys: 'r', label: 'Dismiss suggestion', group, run: dismiss },
    { id: 'ghost.why', keys: 'w', label: 'Why this suggestion', group, run: review },
  ];
}
