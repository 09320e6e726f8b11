import type { Page } from '@playwright/test';
import { addTodo, expect, expectAccessible, test } from './fixtures.ts';

const screens = ['/', '/todo', '/notes', '/settings', '/sign-in'];
const looks = [
  { name: 'desktop, light', viewport: { width: 1360, height: 860 }, colorScheme: 'light' },
  { name: 'phone, dark', viewport: { width: 390, height: 844 }, colorScheme: 'dark' },
] as const;

for (const look of looks) {
  test(`axe finds nothing on ${screens.join(' ')} (${look.name})`, async ({ newDevice }) => {
    const { page } = await newDevice('/todo', { ...look, onlineOnly: true });
    for (const screen of screens) {
      await page.goto(screen);
      await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
      await expectAccessible(page);
    }
    await page.goto('/todo');
    await addTodo(page, 'Send the invoice');
    await page.getByRole('button', { name: 'Send the invoice', exact: true }).click();
    await expect(page.getByLabel('Note', { exact: true })).toBeVisible();
    await expectAccessible(page);
  });
}

const overflow = (page: Page) => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);

test('nothing scrolls sideways at 320 pixels', async ({ newDevice }) => {
  const { page } = await newDevice('/todo', { viewport: { width: 320, height: 700 }, onlineOnly: true });
  await addTodo(page, 'A title that is so long that it must break over several lines on a phone of this width');
  await addTodo(page, `https://example.org/${'nowheretobreak'.repeat(12)}`);
  for (const list of ['Work', 'Home', 'Some day', 'Groceries and other things for the weekend']) {
    await page.getByRole('button', { name: 'New list', exact: true }).click();
    await page.getByLabel('Name', { exact: true }).fill(list);
    await page.getByLabel('Name', { exact: true }).press('Enter');
    await expect(page.getByRole('heading', { level: 1, name: list })).toBeVisible();
  }
  for (const screen of screens) {
    await page.goto(screen);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    expect(await overflow(page), screen).toBeLessThanOrEqual(0);
  }
});

test('the todos do not scroll sideways with text twice as large', async ({ newDevice }) => {
  const { page } = await newDevice('/todo', { viewport: { width: 390, height: 844 }, onlineOnly: true });
  await addTodo(page, 'Send the invoice');
  await page.evaluate(() => document.documentElement.style.setProperty('font-size', '200%'));
  await page.getByRole('textbox', { name: 'Add a todo', exact: true }).fill('Call Bo');
  expect(await overflow(page)).toBeLessThanOrEqual(0);
});
