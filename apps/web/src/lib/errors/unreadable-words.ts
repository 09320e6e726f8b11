import { UnreadableStore } from '@manara/local-db/unreadable-store';

/** What a person calls the rows of a store. */
const NAMES: Readonly<Record<string, string>> = {
  todos: 'todos',
  todo_lists: 'todo lists',
  notes: 'notes',
  missions: 'missions',
  mission_inputs: 'missions',
  iterations: 'plans',
  steps: 'plans',
  executions: 'plans',
  $proposals: 'suggestions',
  conversations: 'conversations',
  messages: 'conversations',
};

/** What could not be read, and why in the browser's own words. */
export function unreadableWords(errors: readonly unknown[]): string {
  const names = errors.map((error) => (error instanceof UnreadableStore && NAMES[error.store]) || 'data');
  const what = new Intl.ListFormat('en-GB').format(new Set(names));
  const reasons = new Set(
    errors.map((error) => (error instanceof Error ? error.message : String(error)).split('\n')[0]),
  );
  return `Your ${what} could not be read from this device’s storage, so what is shown may be old or incomplete. The browser says: ${[...reasons].join('; ')}.`;
}
