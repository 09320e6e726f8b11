import type { FormField } from '@manara/shared-ai/tool';
import { expect, it } from 'vitest';
import { argsOf, valuesOf } from './form-values.ts';

const form: readonly FormField[] = [
  { name: 'title', label: 'Title', kind: 'text' },
  { name: 'note', label: 'Note', kind: 'longText', optional: true },
  { name: 'due', label: 'Due', kind: 'day', optional: true },
  {
    name: 'priority',
    label: 'Priority',
    kind: 'choice',
    choices: [
      { value: 0, label: 'None' },
      { value: 3, label: 'High' },
    ],
  },
];
const args = { title: 'Buy milk', priority: 3, id: 'kept' };

it('changes nothing when nothing is changed: an absent argument stays absent', () => {
  expect(argsOf(form, args, args, valuesOf(form, args))).toEqual(args);
});

it('takes what was changed, in its own type', () => {
  const values = { ...valuesOf(form, args), title: 'Buy oat milk', due: '2026-11-21', priority: '0' };
  expect(argsOf(form, args, args, values)).toEqual({ ...args, title: 'Buy oat milk', due: '2026-11-21', priority: 0 });
});

it('takes a day away', () => {
  const dated = { ...args, due: '2026-11-21' };
  expect(argsOf(form, dated, dated, { ...valuesOf(form, dated), due: null })).toEqual({ ...args, due: null });
});

it('shows the row where the arguments say nothing, and leaves out what stays as it is', () => {
  const patch = { id: 'kept', due: '2026-11-21' };
  const shown = { ...patch, title: 'Buy milk', note: '', priority: 3 };
  const values = valuesOf(form, shown);
  expect(values.title).toBe('Buy milk');
  expect(argsOf(form, patch, shown, values)).toEqual(patch);
  expect(argsOf(form, patch, shown, { ...values, title: 'Buy oat milk' })).toEqual({ ...patch, title: 'Buy oat milk' });
});
