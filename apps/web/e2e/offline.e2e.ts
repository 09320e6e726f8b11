import { addTodo, expect, newAccount, readyForOffline, signUp, synced, test } from './fixtures.ts';
import { cellValue, go, serverRecords, writeNote } from './mission-steps.ts';

test('starts cold and offline on / and on a deep link, as the last account', async ({ newDevice }) => {
  const account = newAccount('Dee');
  const device = await newDevice('/');
  await signUp(device.page, account);
  await writeNote(device.page, 'Kitchen', '- [ ] call someone about the leak');
  const deepLink = new URL(device.page.url()).pathname;
  // "Synced" alone may be from before the last keystrokes were saved.
  await expect
    .poll(async () => (await serverRecords(device.page)).map((record) => cellValue(record, 'body')))
    .toContain('- [ ] call someone about the leak');
  await synced(device.page);
  await readyForOffline(device.page);

  await device.setOffline(true);
  const home = await device.open('/');
  await expect(home.getByRole('heading', { level: 1, name: 'Today', exact: true })).toBeVisible();
  await expect(home.getByRole('button', { name: /^Sync: / })).toContainText('Offline');
  const note = await device.open(deepLink);
  await expect(note.getByRole('heading', { name: 'Kitchen', exact: true })).toBeVisible();
  await expect(note.getByRole('article').getByText('call someone about the leak')).toBeVisible();
  await note.goto('/settings');
  await expect(note.getByText(account.email)).toBeVisible();
  await note.goto('/missions/new');
  await expect(note.getByText('That is what the server said last.')).toBeVisible();
  await note.goto('/todo');
  await addTodo(note, 'Written offline');
  await expect(note.getByRole('button', { name: /^Sync: / })).toContainText('1 waiting');

  await device.setOffline(false);
  await synced(note);
});

test('keeps every keystroke of a note when the page is left at once', async ({ newDevice }) => {
  const device = await newDevice('/notes?new');
  const title = device.page.getByRole('textbox', { name: 'Title', exact: true });
  await title.fill('Half a');
  await title.pressSequentially(' thought');
  // No wait: the save of the last letters has not begun.
  const reopened = await device.open('/notes');
  await expect(reopened.getByRole('button', { name: 'Half a thought', exact: true })).toBeVisible();
});

test('a text that is too long is refused in words, and is still there when one comes back to it', async ({
  newDevice,
}) => {
  const { page } = await newDevice('/notes?new', { onlineOnly: true });
  const text = page.getByRole('textbox', { name: /^Text/ });
  await page.getByRole('textbox', { name: 'Title', exact: true }).fill('A whole book');
  await text.fill('word '.repeat(120_000));
  await text.blur();
  const refused = page.getByRole('article').getByRole('alert');
  await expect(refused).toContainText('could not be saved');
  await expect(page).toHaveURL(/\/notes\/[0-9a-f-]{36}$/);
  await go(page, 'Todo');
  await go(page, 'Notes');
  await page.getByRole('button', { name: 'A whole book', exact: true }).click();
  await expect(refused).toContainText('could not be saved');
  await expect(text).toHaveValue(/^word word /);
  await text.fill('One word');
  await text.blur();
  await expect(refused).toBeHidden();
});

test('sign-out warns of what the server has not got, and keeps it for the same account', async ({ newDevice }) => {
  const account = newAccount('Eve');
  const device = await newDevice('/');
  await signUp(device.page, account);
  await synced(device.page);
  await device.page.goto('/todo');
  await device.setOffline(true);
  await addTodo(device.page, 'Unsent');
  await device.page.getByRole('link', { name: 'Settings', exact: true }).click();
  await device.page.getByRole('button', { name: 'Sign out', exact: true }).click();
  await expect(device.page.getByRole('alert')).toContainText('1 change has not reached the server');
  await device.page.getByRole('dialog').getByRole('button', { name: 'Sign out', exact: true }).click();
  await expect(device.page.getByText('You work without an account')).toBeVisible();
  await go(device.page, 'Todo');
  await expect(device.page.getByRole('button', { name: 'Unsent', exact: true })).toBeHidden();
});
