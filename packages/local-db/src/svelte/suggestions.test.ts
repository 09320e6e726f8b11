import type { Card, Ghost } from '@manara/shared-ai/tool';
import { expect, it } from 'vitest';
import { ghostWords, type Suggestion } from './suggestions.ts';

const suggested = (effect: Ghost['effect'], fields: Card['fields'], row: object = {}): Suggestion => ({
  stepId: 's',
  iterationId: 'i',
  missionId: 'm',
  missionTitle: 'Morning plan',
  summary: '',
  why: 'because',
  ghost: { module: 'notes', table: 'notes', effect, row: row as never, changed: [] },
  card: { title: 'Kitchen', fields },
  asksAlone: null,
  stale: null,
  changedSince: [],
});

it('shows the first field that changes, and how many more do', () => {
  const fields = [
    { label: 'Title', value: 'Kitchen' },
    { label: 'Due', was: '', value: 'Mon 30 Nov' },
    { label: 'Priority', was: 'low', value: '' },
  ];
  expect(ghostWords(suggested('patch', fields))).toMatchObject({
    change: { field: 'Due', was: null, willBe: 'Mon 30 Nov' },
    meta: 'and 1 more',
  });
});

it.each([
  ['yes', '', 'not pinned'],
  ['', 'yes', 'pinned'],
])('tells of what was "%s" and will be "%s" that it will be %s', (was, value, willBe) => {
  const { change } = ghostWords(suggested('patch', [{ label: 'Pinned', kind: 'flag', was, value }]));
  expect(change).toEqual({ was: null, willBe });
});

it('shows the text of a new record as text, and a short field beside its title', () => {
  const fields = [
    { label: 'Title', value: 'Kitchen' },
    { label: 'Text', kind: 'text', value: '- first\n- second' },
    { label: 'List', value: 'Home' },
  ] as const;
  const words = ghostWords(suggested('create', fields));
  expect(words).toMatchObject({ box: false, text: '- first\n- second', meta: 'Home' });
  expect(ghostWords(suggested('create', fields, { done: false })).box).toBe(true);
});

it('marks what was planned from something that has changed since', () => {
  const changed = { label: 'Due', now: 'Mon 30 Nov' };
  const suggestion = suggested('patch', []);
  expect(ghostWords(suggestion).changedSince).toBe(false);
  expect(ghostWords({ ...suggestion, changedSince: [changed] }).changedSince).toBe(true);
});
