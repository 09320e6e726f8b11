import type { Suggestion } from '@manara/local-db/svelte/suggestions';
import { readRow } from '@manara/sync-core/define-table';
import { describe, expect, it } from 'vitest';
import { type Todo, todos } from '../schema.ts';
import { neighboursAfterMove, sectionsOf, type ViewFilter } from './todo-view.ts';

const TODAY = '2026-11-20';
const ALL: ViewFilter = { listId: null, search: '' };

function todo(id: string, values: Partial<Todo> = {}): Todo {
  return { ...readRow(todos, id, {}), title: id, ...values };
}

function ghost(stepId: string, ghostOf: Partial<Omit<Suggestion['ghost'], 'row'>> & { row: Todo }): Suggestion {
  const { row, ...rest } = ghostOf;
  return {
    stepId,
    iterationId: 'i',
    missionId: 'm',
    missionTitle: 'Morning plan',
    summary: '',
    why: '',
    ghost: { module: 'todo', table: 'todos', effect: 'create', changed: [], ...rest, row: row as never },
    card: { title: row.title, fields: [] },
    asksAlone: null,
    stale: null,
    changedSince: [],
  };
}

/** `today: a b*` where a star marks a ghost and a plus a previewed row. */
function words(
  rows: readonly Todo[],
  suggestions: readonly Suggestion[] = [],
  filter = ALL,
  preview = false,
): string[] {
  const mark = { todo: '', ghost: '*', preview: '+' };
  return sectionsOf(rows, suggestions, filter, TODAY, preview).map(
    ({ id, entries }) => `${id}: ${entries.map((entry) => entry.key + mark[entry.kind]).join(' ')}`,
  );
}

describe('sections', () => {
  it('sort by day, then as the person has put them, and leave empty ones out', () => {
    const rows = [
      todo('late', { due: '2026-11-11' }),
      todo('later', { due: '2026-11-10' }),
      todo('b', { due: TODAY, position: 'a1' }),
      todo('a', { due: TODAY, position: 'a0' }),
      todo('morrow', { due: '2026-11-21' }),
      todo('week', { due: '2026-11-27' }),
      todo('free'),
    ];
    expect(words(rows)).toEqual([
      'overdue: later late',
      'today: a b',
      'tomorrow: morrow',
      'later: week',
      'someday: free',
    ]);
  });

  it('put done todos last, the latest done first, whatever their day', () => {
    const rows = [
      todo('old', { done: true, doneAt: 1, due: TODAY }),
      todo('new', { done: true, doneAt: 2 }),
      todo('open', { due: TODAY }),
    ];
    expect(words(rows)).toEqual(['today: open', 'done: new old']);
  });

  it('cross the end of a month and a year', () => {
    const rows = [todo('x', { due: '2027-01-01' })];
    expect(sectionsOf(rows, [], ALL, '2026-12-31', false)[0]?.id).toBe('tomorrow');
  });

  it('show one list, and what a search finds in title or note', () => {
    const rows = [
      todo('a', { listId: 'home', title: 'Water the plants' }),
      todo('b', { note: 'about WATER damage' }),
      todo('c', { title: 'Other' }),
    ];
    expect(words(rows, [], { listId: 'home', search: '' })).toEqual(['someday: a']);
    expect(words(rows, [], { listId: null, search: 'water' })).toEqual(['someday: a b']);
  });
});

describe('ghosts', () => {
  const rows = [todo('a', { position: 'a0' }), todo('b', { position: 'a1' })];
  it('of a create stand in the section that it would be in', () => {
    const create = ghost('s1', { row: todo('', { due: TODAY, title: 'Buy milk' }) });
    expect(words(rows, [create])).toEqual(['today: s1*', 'someday: a b']);
  });
  it('of an edit stand below the todo, and of a delete in place of it', () => {
    const edit = ghost('s1', { effect: 'patch', targetId: 'a', row: todo('a', { due: TODAY }) });
    const remove = ghost('s2', { effect: 'delete', targetId: 'b', row: todo('b') });
    expect(words(rows, [edit, remove])).toEqual(['someday: a s1* s2*']);
  });
  it('of another list stay out of a list', () => {
    const create = ghost('s1', { row: todo('', { listId: 'work' }) });
    expect(words(rows, [create], { listId: 'home', search: '' })).toEqual([]);
  });
  it('become rows in a preview, stale ones left out', () => {
    const edit = ghost('s1', { effect: 'patch', targetId: 'a', row: todo('a', { due: TODAY }) });
    const remove = ghost('s2', { effect: 'delete', targetId: 'b', row: todo('b') });
    const stale = { ...ghost('s3', { row: todo('', { due: TODAY }) }), stale: 'gone' };
    expect(words(rows, [edit, remove, stale], ALL, true)).toEqual(['today: a+']);
  });
});

describe('a move', () => {
  const rows = ['a', 'b', 'c'].map((id, at) => todo(id, { position: `a${at}` }));
  const section = sectionsOf(rows, [], ALL, TODAY, false)[0];
  const move = (id: string, step: -1 | 1) => (section ? neighboursAfterMove(section, id, step) : undefined);
  it('lands between its new neighbours', () => {
    expect(move('a', 1)).toEqual({ after: 'a1', before: 'a2' });
    expect(move('b', 1)).toEqual({ after: 'a2', before: null });
    expect(move('b', -1)).toEqual({ after: null, before: 'a0' });
    expect(move('c', -1)).toEqual({ after: 'a0', before: 'a1' });
  });
  it('stops at the ends', () => {
    expect(move('a', -1)).toBeNull();
    expect(move('c', 1)).toBeNull();
  });
});
