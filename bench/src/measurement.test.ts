import { expect, test } from 'vitest';
import { Closers } from './measurement.ts';

test('everything is ended, last first, also behind one that fails', async () => {
  const ended: string[] = [];
  const closers = new Closers();
  closers.add(async () => void ended.push('first'));
  closers.add(() => Promise.reject(new Error('stuck')));
  closers.add(async () => void ended.push('last'));
  expect(await closers.closeAll()).toEqual([new Error('stuck')]);
  expect(ended).toEqual(['last', 'first']);
  expect(await closers.closeAll()).toEqual([]);
});

test('what comes after the end is ended at once, and its maker is told', async () => {
  const ended: string[] = [];
  const closers = new Closers();
  await closers.closeAll();
  expect(() => closers.add(async () => void ended.push('late'))).toThrow('stopped');
  expect(ended).toEqual(['late']);
});
