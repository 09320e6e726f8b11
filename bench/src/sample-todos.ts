import type { ActionContext } from '@manara/modules/action-context';
import { createTodo } from '@manara/modules/todo/actions';
import type { Priority } from '@manara/modules/todo/schema';
import type { Write } from '@manara/sync-core/write';

const NOTE = 'They asked for the paper weight and the number of copies. The last offer is in the folder on the shelf.';

/** Todos as a person makes them, each one write: titles of some 40 characters, every third with a note. */
export function sampleTodos(count: number, context: ActionContext): Write[] {
  let position = '';
  return Array.from({ length: count }, (_, n) => {
    const [write] = createTodo(
      {
        title: `Ask the print shop for an offer, part ${n}`,
        note: n % 3 === 0 ? NOTE : '',
        due: n % 2 === 0 ? '2026-11-20' : null,
        priority: (n % 4) as Priority,
        siblings: position === '' ? [] : [{ position }],
      },
      context,
    );
    if (write === undefined) throw new Error('a todo is one write');
    position = String(write.set?.position);
    return write;
  });
}
