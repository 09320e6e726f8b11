import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Shortcuts } from './shortcuts.svelte.ts';

let shortcuts: Shortcuts;
const approve = vi.fn();
const palette = vi.fn();
const added: HTMLElement[] = [];

beforeEach(() => {
  shortcuts = new Shortcuts();
  shortcuts.add(() => [
    { id: 'app.palette', label: 'Find', group: 'App', keys: 'mod+k', run: palette },
    { id: 'inbox.approve', label: 'Approve', group: 'Inbox', keys: 'a', run: approve },
    { id: 'inbox.open', label: 'Open', group: 'Inbox', keys: 'Enter', run: approve },
  ]);
});
afterEach(() => {
  for (const element of added.splice(0)) element.remove();
  approve.mockReset();
  palette.mockReset();
});

/** Presses a key in a new element and says whether a command took it. */
function press(key: string, tag = 'div', more: KeyboardEventInit & { type?: string } = {}): boolean {
  const element = document.createElement(tag);
  if (element instanceof HTMLInputElement && more.type) element.type = more.type;
  document.body.append(element);
  added.push(element);
  let taken = false;
  element.addEventListener('keydown', (event) => {
    taken = shortcuts.handle(event);
  });
  element.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more }));
  return taken;
}

it('runs a letter on the page, not in a field', () => {
  expect(press('a')).toBe(true);
  expect(press('a', 'input', { type: 'text' })).toBe(false);
  expect(press('a', 'textarea')).toBe(false);
  expect(press('a', 'select')).toBe(false);
  expect(press('a', 'input', { type: 'checkbox' })).toBe(true);
  expect(approve).toHaveBeenCalledTimes(2);
});

it('leaves Enter to a button that has focus', () => {
  expect(press('Enter', 'button')).toBe(false);
  expect(press('Enter')).toBe(true);
});

it('opens the palette from a field too', () => {
  expect(press('k', 'input', { type: 'text', ctrlKey: true })).toBe(true);
  expect(palette).toHaveBeenCalledOnce();
});

it('is silent behind a dialog', () => {
  const dialog = document.createElement('dialog');
  document.body.append(dialog);
  added.push(dialog);
  dialog.showModal();
  expect(press('a')).toBe(false);
  dialog.close();
  expect(press('a')).toBe(true);
});

it('gives a key to the newest page, and back when it goes', () => {
  const newer = vi.fn();
  const remove = shortcuts.add(() => [{ id: 'todo.approve', label: 'Accept', group: 'Todo', keys: 'a', run: newer }]);
  press('a');
  expect(newer).toHaveBeenCalledOnce();
  remove();
  press('a');
  expect(approve).toHaveBeenCalledOnce();
});

it('frees the key of a command that cannot run now', () => {
  shortcuts.add(() => [{ id: 'x', label: 'X', group: 'X', keys: 'x', when: false, run: vi.fn() }]);
  expect(press('x')).toBe(false);
});

it('leaves letters alone when single keys are off, and keeps what has a modifier or a name', () => {
  shortcuts.singleKeys = false;
  expect(press('a')).toBe(false);
  expect(press('k', 'div', { ctrlKey: true })).toBe(true);
  expect(press('Enter')).toBe(true);
});

it('lists a key once: at the newest command that wants it', () => {
  const newest = vi.fn();
  shortcuts.add(() => [{ id: 'todo.accept', label: 'Accept', group: 'Todo', keys: 'a', run: newest }]);
  expect(shortcuts.commands.filter(({ keys }) => keys === 'a').map(({ label }) => label)).toEqual(['Accept']);
  expect(shortcuts.commands.map(({ label }) => label)).toContain('Approve');
  press('a');
  expect(newest).toHaveBeenCalledOnce();
  expect(approve).not.toHaveBeenCalled();
});
