import { expect, it } from 'vitest';
import { ariaKeys, spellKeys } from './spell-keys.ts';

it.each([
  ['a', 'Linux x86_64', 'a'],
  ['A', 'Linux x86_64', 'A'],
  ['mod+k', 'Win32', 'Ctrl+K'],
  ['mod+k', 'MacIntel', '⌘K'],
  ['mod+shift+z', 'MacIntel', '⌘⇧Z'],
  ['escape', 'Win32', 'Esc'],
])('prints %s on %s as %s', (keys, platform, words) => {
  expect(spellKeys(keys, platform)).toBe(words);
});

it.each([
  ['a', 'A'],
  ['A', 'Shift+A'],
  ['mod+k', 'Control+K'],
  ['?', '?'],
])('tells assistive technology %s as %s', (keys, aria) => {
  expect(ariaKeys(keys)).toBe(aria);
});
