import { expect, it } from 'vitest';
import { findCommands } from './find-commands.ts';

const command = (label: string, group = 'Go to') => ({ id: label, label, group, run: () => undefined });
const commands = [command('Go to Today'), command('Today: plan it'), command('New todo', 'Todo'), command('Notes')];
const labels = (query: string) => findCommands(commands, query).map((found) => found.label);

it('keeps the order without a query', () => {
  expect(labels('  ')).toEqual(commands.map((one) => one.label));
});

it('puts the label that starts with the query first', () => {
  expect(labels('today')).toEqual(['Today: plan it', 'Go to Today']);
});

it('wants every word, from label or group', () => {
  expect(labels('new todo')).toEqual(['New todo']);
  expect(labels('go notes')).toEqual(['Notes']);
  expect(labels('new missing')).toEqual([]);
});
