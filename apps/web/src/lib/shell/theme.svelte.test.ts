import { beforeEach, expect, it } from 'vitest';
import { Theme } from './theme.svelte.ts';

let root: HTMLElement;
beforeEach(() => {
  root = document.createElement('html');
  for (const [media, content] of [
    ['(prefers-color-scheme: light)', '#fff'],
    ['(prefers-color-scheme: dark)', '#000'],
  ] as const) {
    const meta = document.createElement('meta');
    Object.assign(meta, { name: 'theme-color', media, content });
    root.append(meta);
  }
  localStorage.clear();
});
const bars = () => [...root.querySelectorAll('meta')].map((meta) => meta.content);

it('is kept, shown and taken back', () => {
  const theme = new Theme(root, localStorage);
  theme.set('dark');
  expect([root.dataset.theme, localStorage.getItem('manara-theme'), bars()]).toEqual([
    'dark',
    'dark',
    ['#000', '#000'],
  ]);
  theme.set('light');
  expect(bars()).toEqual(['#fff', '#fff']);
  theme.set('system');
  expect([root.dataset.theme, localStorage.getItem('manara-theme'), bars()]).toEqual([
    undefined,
    null,
    ['#fff', '#000'],
  ]);
});

it('starts with what the page was painted in', () => {
  root.dataset.theme = 'dark';
  expect(new Theme(root, localStorage).choice).toBe('dark');
  expect(bars()).toEqual(['#000', '#000']);
});

it('works without storage', () => {
  const theme = new Theme(root, undefined);
  theme.set('dark');
  expect(root.dataset.theme).toBe('dark');
});
