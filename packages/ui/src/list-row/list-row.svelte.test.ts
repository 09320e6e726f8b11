import { createRawSnippet } from 'svelte';
import { expect, it } from 'vitest';
import { page } from 'vitest/browser';
import { render } from 'vitest-browser-svelte';
import ListRow from './ListRow.svelte';

const address = `https://example.org/${'a'.repeat(400)}`;
const button = (height: number) =>
  createRawSnippet(() => ({ render: () => `<button style="height: ${height}px">More</button>` }));
const box = (selector: string) => {
  const element = document.querySelector(selector);
  if (!element) throw new Error(`no ${selector}`);
  return element.getBoundingClientRect();
};
const middle = ({ top, height }: DOMRect) => top + height / 2;

it('breaks a title that has no place to break, also beside what stands at the end', async () => {
  await page.viewport(320, 700);
  await render(ListRow, { title: address, onopen: () => undefined, meta: 'tomorrow', trailing: button(44) });
  expect(box('.end').right).toBeLessThanOrEqual(box('.row').right);
  expect(box('.title').right).toBeLessThanOrEqual(box('.meta').left);
});

it('gives the title a line of its own where there is no room beside it', async () => {
  await page.viewport(320, 700);
  await render(ListRow, { title: 'Call the dentist', meta: 'Groceries and other things · Fri 27 Nov' });
  expect(box('.title').width).toBeGreaterThan(250);
  expect(box('.meta').top).toBeGreaterThanOrEqual(box('.title').bottom);
});

it.each([15, 30, 44])('stands what is %d px high at its end on the line of the title', async (height) => {
  await page.viewport(1360, 860);
  await render(ListRow, { title: 'Call the dentist', href: '/todo', trailing: button(height) });
  expect(middle(box('.trailing button'))).toBeCloseTo(middle(box('.title')), 0);
});

it('ends at its edge when there is nothing to press', async () => {
  await page.viewport(1360, 860);
  const nothing = createRawSnippet(() => ({ render: () => '<!---->' }));
  await render(ListRow, { title: 'Trip', meta: '1 min ago', trailing: nothing });
  expect(box('.row').right - box('.meta').right).toBeLessThan(4);
});

it('starts on the side from which its words are read', async () => {
  await page.viewport(1360, 860);
  await render(ListRow, { title: 'שלום עולם', onopen: () => undefined });
  const range = document.createRange();
  range.selectNodeContents(page.getByRole('button').element());
  expect(box('.main').right - range.getBoundingClientRect().right).toBeLessThan(2);
});
