import { expect, it } from 'vitest';
import { page } from 'vitest/browser';
import { render } from 'vitest-browser-svelte';
import KeyboardHelp from './KeyboardHelp.svelte';
import { keepSingleKeys, readSingleKeys } from './single-keys.ts';

it('turns letters off, and says so of each', async () => {
  const commands = [
    { id: 'approve', label: 'Approve', group: 'Inbox', keys: 'a', run: () => undefined },
    { id: 'palette', label: 'Find', group: 'App', keys: 'mod+k', run: () => undefined },
  ];
  await render(KeyboardHelp, { open: true, commands, singleKeys: true });
  const off = () => [...document.querySelectorAll('dd')].map((key) => key.textContent?.trim() === 'off');
  expect(off()).toEqual([false, false]);
  await page.getByRole('switch', { name: /^Single keys/ }).click();
  await expect.poll(off).toEqual([true, false]);
});

it('is kept on the device', () => {
  localStorage.clear();
  expect(readSingleKeys(localStorage)).toBe(true);
  keepSingleKeys(localStorage, false);
  expect(readSingleKeys(localStorage)).toBe(false);
  keepSingleKeys(localStorage, true);
  expect(readSingleKeys(localStorage)).toBe(true);
});
