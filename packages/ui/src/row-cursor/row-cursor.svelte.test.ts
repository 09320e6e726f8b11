import { expect, it } from 'vitest';
import { page } from 'vitest/browser';
import { render } from 'vitest-browser-svelte';
import RowCursorHarness from './RowCursorHarness.svelte';
import type { RowCursor } from './row-cursor.svelte.ts';

async function show(sections: string[][], plain: string[] = []) {
  let made: RowCursor | undefined;
  const screen = await render(RowCursorHarness, { sections, plain, oncursor: (cursor) => (made = cursor) });
  if (!made) throw new Error('no cursor');
  return { cursor: made, shows: (next: string[][]) => screen.rerender({ sections: next }) };
}
const focus = (name: string) => (page.getByRole('button', { name }).element() as HTMLElement).focus();
const focused = () => document.activeElement?.textContent?.trim();

it('is where the focus is, and takes the focus along', async () => {
  const { cursor } = await show([['a', 'b'], ['c']]);
  focus('b');
  expect(cursor.key).toBe('b');
  cursor.move(1);
  expect([cursor.key, focused()]).toEqual(['c', 'c']);
  cursor.move(1);
  expect(focused()).toBe('c');
  cursor.move(-1);
  cursor.move(-1);
  cursor.move(-1);
  expect([cursor.key, focused()]).toEqual(['a', 'a']);
});

it('starts at the top, and stands on a line with nothing to press too', async () => {
  const { cursor } = await show([['a', 'b']], ['b']);
  cursor.move(1);
  expect(focused()).toBe('a');
  cursor.move(1);
  expect(document.activeElement?.tagName).toBe('LI');
  expect(focused()).toBe('b');
});

it('goes on with what took the place of a line that went, focus and all', async () => {
  const { cursor, shows } = await show([['a', 'b', 'c']]);
  focus('b');
  await shows([['a', 'c']]);
  expect([cursor.key, focused()]).toEqual(['c', 'c']);
  await shows([['a']]);
  expect([cursor.key, focused()]).toEqual(['a', 'a']);
  await shows([[]]);
  expect(cursor.key).toBeNull();
});

it('takes no focus that is elsewhere', async () => {
  const { cursor, shows } = await show([['a', 'b', 'c']]);
  focus('b');
  focus('Elsewhere');
  await shows([['a', 'c']]);
  expect([cursor.key, focused()]).toEqual(['c', 'Elsewhere']);
  (document.activeElement as HTMLElement).blur();
  await shows([['c', 'a']]);
  expect(document.activeElement).toBe(document.body);
});

it('stays on a line that moves', async () => {
  const { cursor, shows } = await show([['a', 'b', 'c'], ['d']]);
  focus('b');
  await shows([['b', 'a', 'c'], ['d']]);
  expect([cursor.key, focused()]).toEqual(['b', 'b']);
  await shows([
    ['a', 'c'],
    ['d', 'b'],
  ]);
  expect([cursor.key, focused()]).toEqual(['b', 'b']);
});

it('leaves a line before it goes, and only the line it is on', async () => {
  const { cursor } = await show([['a', 'b', 'c']]);
  focus('b');
  cursor.leave('a');
  expect(focused()).toBe('b');
  cursor.leave('b');
  expect([cursor.key, focused()]).toEqual(['c', 'c']);
  cursor.leave('c');
  expect([cursor.key, focused()]).toEqual(['b', 'b']);
});

it('waits for a line that is not there yet', async () => {
  const { cursor, shows } = await show([['a']]);
  focus('Elsewhere');
  cursor.goTo('z');
  await shows([['a', 'y']]);
  expect(cursor.key).toBe('z');
  await shows([['a', 'y', 'z']]);
  expect([cursor.key, focused()]).toEqual(['z', 'Elsewhere']);
});
