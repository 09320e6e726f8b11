import { addTodo, expect, newAccount, signIn, signUp, synced, test } from './fixtures.ts';

const todo = (title: string) => ({ name: title, exact: true });

test('a session that ends loses nothing, and what waits goes to no other account', async ({ newDevice }) => {
  const [fay, gil] = [newAccount('Fay'), newAccount('Gil')];
  const elsewhere = await newDevice('/', { onlineOnly: true });
  await signUp(elsewhere.page, gil);
  const { page, context } = await newDevice('/', { onlineOnly: true });
  await signUp(page, fay);
  await synced(page);
  await page.goto('/todo');
  await context.clearCookies();
  await addTodo(page, 'After the session ended');
  const pill = page.getByRole('button', { name: /^Sync: / });
  await expect(pill).toContainText('Needs attention');

  await signIn(page, gil);
  await synced(page);
  await page.goto('/todo');
  await expect(page.getByText('Nothing here yet')).toBeVisible();
  await expect(page.getByRole('button', todo('After the session ended'))).toBeHidden();
  await page.goto('/settings');
  await page.getByRole('button', { name: 'Sign out', exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Sign out', exact: true }).click();
  await expect(page.getByText('You work without an account')).toBeVisible();

  await signIn(page, fay);
  await synced(page);
  const second = await newDevice('/', { onlineOnly: true });
  await signIn(second.page, fay);
  await second.page.goto('/todo');
  await expect(second.page.getByRole('button', todo('After the session ended'))).toBeVisible();
});

test('two tabs are one device: each shows what the other does, and either goes on alone', async ({ newDevice }) => {
  const { page: first, context } = await newDevice('/', { onlineOnly: true });
  await signUp(first, newAccount('Hal'));
  await first.goto('/todo');
  const second = await context.newPage();
  await second.goto('/todo');
  await addTodo(second, 'From the second tab');
  await expect(first.getByRole('button', todo('From the second tab'))).toBeVisible();
  await synced(second);
  await first.close();
  await addTodo(second, 'After the first tab closed');
  await expect(second.getByRole('button', { name: /^Sync: / })).toContainText('Synced', { timeout: 20_000 });
  const { devices } = (await (await context.request.get('/v1/devices')).json()) as { devices: unknown[] };
  expect(devices).toHaveLength(1);
});

test('a text that comes in while one types is not lost', async ({ newDevice }) => {
  const account = newAccount('Ida');
  const { page: first } = await newDevice('/', { onlineOnly: true });
  await signUp(first, account);
  await first.goto('/notes');
  await first.getByRole('button', { name: 'New note', exact: true }).first().click();
  await first.getByRole('textbox', { name: 'Title', exact: true }).fill('Trip');
  const text = first.getByLabel('Text, in Markdown', { exact: true });
  await text.fill('base');
  await synced(first);
  const { page: second } = await newDevice('/', { onlineOnly: true });
  await signIn(second, account);
  await second.goto('/notes');
  await second.getByText('Trip').first().click();
  await second.getByRole('button', { name: /^Edit/ }).click();
  await expect(second.getByLabel('Text, in Markdown', { exact: true })).toHaveValue('base');

  const typing = text.pressSequentially(' and a sentence that takes its time, word for word', { delay: 120 });
  await second.getByLabel('Text, in Markdown', { exact: true }).fill('what the other device wrote');
  await typing;
  const kept = first.getByRole('region', { name: 'Replaced text', exact: true });
  await expect(kept).toContainText('what the other device wrote');
  await expect(text).toHaveValue('base and a sentence that takes its time, word for word');
  await synced(first);
  await expect(second.getByLabel('Text, in Markdown', { exact: true })).toHaveValue(await text.inputValue());
});
