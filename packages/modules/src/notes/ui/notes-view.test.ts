import type { Suggestion } from '@manara/local-db/svelte/suggestions';
import { readRow } from '@manara/sync-core/define-table';
import { expect, it } from 'vitest';
import { type Note, notes } from '../schema.ts';
import { excerpt, noteEntries } from './notes-view.ts';

const note = (id: string, values: Partial<Note> = {}): Note => ({ ...readRow(notes, id, {}), title: id, ...values });

const ghost = (stepId: string, effect: 'create' | 'patch' | 'delete', row: Note): Suggestion => ({
  stepId,
  iterationId: 'i',
  missionId: 'm',
  missionTitle: 'Tidy',
  summary: '',
  why: '',
  ghost: {
    module: 'notes',
    table: 'notes',
    effect,
    changed: [],
    row: row as never,
    ...(effect === 'create' ? {} : { targetId: row.id }),
  },
  card: { title: row.title, fields: [] },
  asksAlone: null,
  stale: null,
  changedSince: [],
});

it('puts new ones first, a change below its note and a delete in its place', () => {
  const suggestions = [
    ghost('s1', 'create', note('', { title: 'New' })),
    ghost('s2', 'patch', note('a')),
    ghost('s3', 'delete', note('b')),
  ];
  expect(noteEntries([note('a'), note('b'), note('c')], suggestions, '').map((entry) => entry.key)).toEqual([
    's1',
    'a',
    's2',
    's3',
    'c',
  ]);
});

it('searches notes and new ghosts alike', () => {
  const suggestions = [
    ghost('s1', 'create', note('', { title: 'Kitchen leak' })),
    ghost('s2', 'create', note('', { title: 'Trip' })),
  ];
  const keys = noteEntries([note('a', { body: 'the kitchen' }), note('b')], suggestions, 'kitchen').map(
    (entry) => entry.key,
  );
  expect(keys).toEqual(['s1', 'a']);
});

it('takes the first words without their marks', () => {
  expect(excerpt('# Leak\n\n- [ ] **find** the valve\n> quoted')).toBe('Leak find the valve quoted');
  expect(excerpt('See [the plan](https://example.org/a_(b) "Plan"), ![a map](map.png) and [this] (not that).')).toBe(
    'See the plan, a map and [this] (not that).',
  );
  expect(excerpt(`[the plan](https://example.org/${'a'.repeat(500)})`)).toBe('the plan');
  expect(excerpt('x'.repeat(300))).toHaveLength(81);
});
