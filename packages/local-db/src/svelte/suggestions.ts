import type { Card, Ghost } from '@manara/shared-ai/tool';
import { createContext } from 'svelte';

/** One undecided proposal as a module's page draws it: derived on this device, never saved. */
export interface Suggestion {
  readonly stepId: string;
  readonly iterationId: string;
  readonly missionId: string;
  readonly missionTitle: string;
  /** one sentence: `Create "Buy milk", due Thu 26 Nov` */
  readonly summary: string;
  readonly why: string;
  readonly ghost: Ghost;
  readonly card: Card;
  /** one decision for the whole plan settles it too; else it asks by itself */
  readonly approvable: boolean;
  /** why it can no longer be approved as it stands, or null */
  readonly stale: string | null;
}

/** What a module's page can do with suggestions. The session puts it in place. */
export interface Suggestions {
  /** The undecided ones that touch the module, in the order of their plans. Read it in markup or `$derived`. */
  of(module: string): readonly Suggestion[];
  /** Approves and runs them as one group; offers Undo. */
  accept(stepIds: readonly string[]): Promise<void>;
  /** Rejects without a reason; offers Undo. */
  dismiss(stepId: string): Promise<void>;
  /** Opens the form of the suggestion's arguments; saving it approves the edited one. */
  edit(stepId: string): void;
  /** Shows it in the inbox. */
  review(stepId: string | null): void;
}

export const [getSuggestions, setSuggestions] = createContext<Suggestions>();

/** What the design system's ghost shows of a suggestion. */
export interface GhostWords {
  readonly kind: 'create' | 'edit' | 'delete';
  readonly title: string;
  readonly change?: { readonly field: string; readonly was: string | null; readonly willBe: string | null };
  readonly why: string;
  readonly meta?: string;
}

/** The first field that changes is shown in place; of the others only how many there are. */
export function ghostWords({ ghost, card, why, stale }: Suggestion): GhostWords {
  const changes = card.fields.filter((field) => field.was !== undefined);
  const [first] = changes;
  const kind = ghost.effect === 'create' ? 'create' : ghost.effect === 'delete' ? 'delete' : 'edit';
  const words = { kind, title: card.title, why: stale ?? why } as const;
  if (kind === 'create') {
    const [field] = card.fields.filter((shown) => shown.value !== '' && shown.value !== card.title);
    return field === undefined ? words : { ...words, meta: field.value };
  }
  if (kind === 'delete' || first === undefined) return words;
  const change = { field: first.label, was: first.was || null, willBe: first.value || null };
  return changes.length > 1 ? { ...words, change, meta: `and ${changes.length - 1} more` } : { ...words, change };
}
