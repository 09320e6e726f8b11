import { expect, it } from 'vitest';
import { isSingleKey, matchesKeys } from './matches-keys.ts';

const none = { metaKey: false, ctrlKey: false, altKey: false, shiftKey: false };

it.each([
  ['a', { key: 'a' }, true],
  ['a', { key: 'A', shiftKey: true }, false],
  ['A', { key: 'A', shiftKey: true }, true],
  ['a', { key: 'a', ctrlKey: true }, false],
  ['?', { key: '?', shiftKey: true }, true],
  ['mod+k', { key: 'k', ctrlKey: true }, true],
  ['mod+k', { key: 'k', metaKey: true }, true],
  ['mod+k', { key: 'K', metaKey: true, shiftKey: true }, false],
  ['mod+shift+k', { key: 'K', metaKey: true, shiftKey: true }, true],
  ['k', { key: 'k', altKey: true }, false],
])('%s against %o is %s', (keys, press, expected) => {
  expect(matchesKeys(keys, { ...none, ...press })).toBe(expected);
});

it.each([
  ['a', true],
  ['A', true],
  ['?', true],
  ['shift+r', true],
  ['mod+k', false],
  ['alt+n', false],
  ['Enter', false],
])('%s is a single key: %s', (keys, expected) => {
  expect(isSingleKey(keys)).toBe(expected);
});
