import type { Card, CardField, Ghost } from '@manara/shared-ai/tool';
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
  /** false: it is as it is, such as a delete; absent: its form can change it */
  readonly editable?: boolean;
  /** why one decision for the whole plan leaves it, or null when that settles it too */
  readonly asksAlone: string | null;
  /** why it can no longer be approved as it stands, or null */
  readonly stale: string | null;
  /** what changed of what its planner read, while it can still be approved */
  readonly changedSince: readonly ChangedField[];
}

/** A field in words, as it is now and as it was when a suggestion was planned. */
export interface ChangedField {
  readonly label: string;
  readonly kind?: CardField['kind'];
  /** its record's title, when that is not the one that would change */
  readonly record?: string;
  readonly now: string;
  /** absent: the suggestion leaves it as it is */
  readonly suggested?: string;
  /** what the planner read, where that is known */
  readonly planned?: string;
}

/** What a module's page can do with suggestions. The session puts it in place. */
export interface Suggestions {
  /** The undecided ones that touch the module, in the order of their plans. Read it in markup or `$derived`. */
  of(module: string): readonly Suggestion[];
  /** Approves and runs them as one group; offers Undo. */
  accept(stepIds: readonly string[]): Promise<void>;
  /** The same, but leaves what asks by itself: what one press on "Approve 3" does. */
  acceptAll(stepIds: readonly string[]): Promise<void>;
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
  /** a record that can be ticked off has its box already */
  readonly box: boolean;
  readonly editable: boolean;
  readonly change?: { readonly field?: string; readonly was: string | null; readonly willBe: string | null };
  /** of a new record, its lines as they are */
  readonly text?: string;
  readonly why: string;
  readonly changedSince: boolean;
  readonly meta?: string;
}

/** The first field that changes is shown in place; of the others only how many there are. */
export function ghostWords(suggestion: Suggestion): GhostWords {
  const { ghost, card, why, stale, editable = true } = suggestion;
  const changes = card.fields.filter((field) => field.was !== undefined);
  const [first] = changes;
  const kind = ghost.effect === 'create' ? 'create' : ghost.effect === 'delete' ? 'delete' : 'edit';
  const words = {
    kind,
    title: card.title,
    box: 'done' in ghost.row,
    editable,
    why: stale ?? why,
    changedSince: suggestion.changedSince.length > 0,
  } as const;
  if (kind === 'create') return { ...words, ...newWords(card) };
  if (kind === 'delete' || first === undefined) return words;
  const change = changeWords(first);
  return changes.length > 1 ? { ...words, change, meta: `and ${changes.length - 1} more` } : { ...words, change };
}

function newWords(card: Card): Pick<GhostWords, 'meta' | 'text'> {
  const shown = card.fields.filter((field) => field.value !== '' && field.value !== card.title);
  const meta = shown.find((field) => field.kind !== 'text')?.value;
  const text = shown.find((field) => field.kind === 'text')?.value;
  return { ...(meta === undefined ? {} : { meta }), ...(text === undefined ? {} : { text }) };
}

function changeWords({ label, kind, was, value }: CardField): NonNullable<GhostWords['change']> {
  if (kind !== 'flag') return { field: label, was: was || null, willBe: value || null };
  const on = label.toLowerCase();
  return { was: null, willBe: value === '' ? `not ${on}` : on };
}
