import { expect, it } from 'vitest';
import { page } from 'vitest/browser';
import { render } from 'vitest-browser-svelte';
import { CHANGED_MAX } from './line-diff.ts';
import TextChange from './TextChange.svelte';

const numbered = (count: number, word = 'line') => Array.from({ length: count }, (_, n) => `${word} ${n}`).join('\n');

it('strikes what goes, marks what comes, keeps lines and leaves out what stays', async () => {
  const was = numbered(10);
  const willBe = was.replace('line 5', 'another\n  line');
  const screen = await render(TextChange, { was, willBe });
  const shown = [...screen.container.querySelectorAll('.visually-hidden, .line')].map((one) =>
    one.textContent?.trimEnd(),
  );
  expect(shown).toEqual([
    '3 lines as before',
    'line 3',
    'line 4',
    'removed',
    'line 5',
    'added',
    'another',
    '  line',
    'line 6',
    'line 7',
    '2 lines as before',
  ]);
  const struck = screen.container.querySelector('del .line');
  expect(struck && getComputedStyle(struck).textDecorationLine).toBe('line-through');
});

it('gives an added empty line the height of a line', async () => {
  const screen = await render(TextChange, { was: 'a', willBe: 'a\n' });
  expect(screen.container.querySelector<HTMLElement>('ins .line')?.offsetHeight).toBeGreaterThan(15);
});

it('counts the lines of a text that is another one, and shows it when asked', async () => {
  const was = numbered(CHANGED_MAX);
  const screen = await render(TextChange, { was, willBe: 'new\ntext' });
  await expect.element(page.getByText('1000 lines removed, 2 lines added')).toBeVisible();
  await page.getByText('Show the whole text as it will be').click();
  // biome-ignore lint/performance/useDomNodeTextContent: the line breaks are the layout's
  await expect.poll(() => screen.container.querySelector<HTMLElement>('.text')?.innerText).toBe('new\ntext');
});
