import type { Suggestion } from '@manara/local-db/svelte/suggestions';
import { addDays } from '@manara/ui/day/day-words';
import { byPosition } from '../position.ts';
import { matchesTodo } from '../queries.ts';
import type { Priority, Todo } from '../schema.ts';

export type SectionId = 'overdue' | 'today' | 'tomorrow' | 'later' | 'someday' | 'done';

/** One line of the page: a todo, a ghost in its place, or, in a preview, the todo as it would be. */
export type Entry =
  | { readonly kind: 'todo'; readonly key: string; readonly todo: Todo }
  | { readonly kind: 'preview'; readonly key: string; readonly todo: Todo }
  | { readonly kind: 'ghost'; readonly key: string; readonly suggestion: Suggestion };

export interface Section {
  readonly id: SectionId;
  readonly title: string;
  readonly entries: readonly Entry[];
}

const TITLES: Record<SectionId, string> = {
  overdue: 'Overdue',
  today: 'Today',
  tomorrow: 'Tomorrow',
  later: 'Later',
  someday: 'No date',
  done: 'Done',
};
const ORDER: readonly SectionId[] = ['overdue', 'today', 'tomorrow', 'later', 'someday', 'done'];

export function sectionOf(todo: Pick<Todo, 'done' | 'due'>, today: string): SectionId {
  if (todo.done) return 'done';
  if (todo.due === null) return 'someday';
  if (todo.due < today) return 'overdue';
  if (todo.due === today) return 'today';
  return todo.due === addDays(today, 1) ? 'tomorrow' : 'later';
}

/** By day where the section has many, then as the person has put them; done ones latest first. */
function compareIn(section: SectionId): (a: Todo, b: Todo) => number {
  if (section === 'done') return (a, b) => (b.doneAt ?? 0) - (a.doneAt ?? 0) || byPosition(a, b);
  return (a, b) => (a.due === b.due ? byPosition(a, b) : (a.due ?? '') < (b.due ?? '') ? -1 : 1);
}

export interface ViewFilter {
  /** null: all lists */
  readonly listId: string | null;
  readonly search: string;
}

const shows = (todo: Todo, filter: ViewFilter): boolean =>
  (filter.listId === null || todo.listId === filter.listId) && matchesTodo(todo, filter.search);

/** The rows as they would be if every suggestion were approved, and which of them would differ. */
function previewRows(todos: readonly Todo[], suggestions: readonly Suggestion[]): readonly Entry[] {
  const byId = new Map<string, Entry>(todos.map((todo) => [todo.id, { kind: 'todo', key: todo.id, todo }]));
  for (const { stepId, ghost, stale } of suggestions) {
    if (ghost.table !== 'todos' || stale !== null) continue;
    if (ghost.effect === 'delete' && ghost.targetId !== undefined) byId.delete(ghost.targetId);
    else
      byId.set(ghost.targetId ?? stepId, {
        kind: 'preview',
        key: ghost.targetId ?? stepId,
        todo: ghost.row as unknown as Todo,
      });
  }
  return [...byId.values()];
}

function placeGhosts(
  entries: Map<SectionId, Entry[]>,
  suggestions: readonly Suggestion[],
  filter: ViewFilter,
  today: string,
): void {
  for (const suggestion of suggestions) {
    const { ghost, stepId } = suggestion;
    if (ghost.table !== 'todos') continue;
    const entry: Entry = { kind: 'ghost', key: stepId, suggestion };
    const row = ghost.row as unknown as Todo;
    if (ghost.targetId === undefined) {
      if (shows(row, filter)) entries.get(sectionOf(row, today))?.push(entry);
      continue;
    }
    for (const list of entries.values()) {
      const at = list.findIndex((other) => other.key === ghost.targetId);
      // A struck row stands in place of the one that would go; a change stands below the one that it changes.
      if (at >= 0) list.splice(ghost.effect === 'delete' ? at : at + 1, ghost.effect === 'delete' ? 1 : 0, entry);
    }
  }
}

/** Everything that the page lists, in the order in which it lists it. Sections with nothing in them are left out. */
export function sectionsOf(
  todos: readonly Todo[],
  suggestions: readonly Suggestion[],
  filter: ViewFilter,
  today: string,
  preview: boolean,
): readonly Section[] {
  const rows: readonly Entry[] = preview
    ? previewRows(todos, suggestions)
    : todos.map((todo) => ({ kind: 'todo', key: todo.id, todo }));
  const entries = new Map<SectionId, Entry[]>(ORDER.map((id) => [id, []]));
  for (const entry of rows) {
    if (entry.kind !== 'ghost' && shows(entry.todo, filter)) entries.get(sectionOf(entry.todo, today))?.push(entry);
  }
  for (const [id, list] of entries) {
    const byOrder = compareIn(id);
    list.sort((a, b) => (a.kind === 'ghost' || b.kind === 'ghost' ? 0 : byOrder(a.todo, b.todo)));
  }
  if (!preview) placeGhosts(entries, suggestions, filter, today);
  return ORDER.map((id) => ({ id, title: TITLES[id], entries: entries.get(id) ?? [] })).filter(
    (section) => section.entries.length > 0,
  );
}

/** The neighbours between which a todo lands that moves one place, or null at the end of its section. */
export function neighboursAfterMove(
  section: Section,
  id: string,
  step: -1 | 1,
): { readonly after: string | null; readonly before: string | null } | null {
  const rows = section.entries.flatMap((entry) => (entry.kind === 'todo' ? [entry.todo] : []));
  const at = rows.findIndex((todo) => todo.id === id);
  const other = rows[at + step];
  if (at < 0 || other === undefined || other.due !== rows[at]?.due) return null;
  const beyond = rows[at + 2 * step];
  const outer = beyond !== undefined && beyond.due === other.due ? beyond.position : null;
  return step === 1 ? { after: other.position, before: outer } : { after: outer, before: other.position };
}

export const PRIORITIES: readonly { readonly value: Priority; readonly label: string }[] = [
  { value: 0, label: 'None' },
  { value: 1, label: 'Low' },
  { value: 2, label: 'Medium' },
  { value: 3, label: 'High' },
];
