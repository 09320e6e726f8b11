import { expect, expectAccessible, readyForOffline, test } from './fixtures.ts';
import { ghost, go, todo } from './mission-steps.ts';

test('the demo plans by rules without an account or network, and its ghosts are decided in place', async ({
  newDevice,
}) => {
  const device = await newDevice('/');
  const { page } = device;
  await readyForOffline(page);
  // What the demo needs is in the cache too.
  await device.setOffline(true);
  await page.getByRole('button', { name: 'Try the demo', exact: true }).click();
  await expect(page).toHaveURL(/\/inbox$/);
  await go(page, 'Todo');
  const ghosts = page.getByRole('group', { name: /^Suggested, not saved/ });
  await expect(ghosts.first()).toBeVisible();
  const count = await ghosts.count();
  expect(count).toBeGreaterThan(3);
  await expectAccessible(page);

  const dentist = page.getByRole('group', { name: 'Suggested, not saved: Change Call the dentist', exact: true });
  await dentist.getByRole('button', { name: /^Accept/ }).click();
  await expect(dentist).toBeHidden();
  await expect(
    page
      .getByRole('region', { name: 'Today', exact: true })
      .getByRole('button', { name: 'Call the dentist', exact: true }),
  ).toBeVisible();

  const table = page.getByRole('group', {
    name: 'Suggested, not saved: Add Reserve a table at the Tasca',
    exact: true,
  });
  await table.getByRole('button', { name: /^Edit/ }).click();
  await page.getByLabel('Title', { exact: true }).fill('Reserve a table for four');
  await page.getByRole('dialog').getByRole('button', { name: 'Approve', exact: true }).click();
  await expect(page.getByRole('button', { name: 'Reserve a table for four', exact: true })).toBeVisible();

  const nadia = page.getByRole('group', {
    name: 'Suggested, not saved: Add Ask Nadia for her list of museums',
    exact: true,
  });
  await nadia.getByRole('button', { name: /^Dismiss/ }).click();
  await expect(nadia).toBeHidden();
  await expect(ghosts).toHaveCount(count - 3);

  // All of it is in the database, not only on the screen.
  const again = await device.open('/todo');
  await expect(again.getByRole('button', { name: 'Reserve a table for four', exact: true })).toBeVisible();
  await expect(again.getByRole('group', { name: /^Suggested, not saved/ })).toHaveCount(count - 3);
});

test('accepting can be undone, and keeps what was changed since', async ({ newDevice }) => {
  const { page } = await newDevice('/');
  await page.getByRole('button', { name: 'Try the demo', exact: true }).click();
  await expect(page).toHaveURL(/\/inbox$/);
  await go(page, 'Todo');
  const ghost = page.getByRole('group', { name: 'Suggested, not saved: Change Call the dentist', exact: true });
  await ghost.getByRole('button', { name: /^Accept/ }).click();
  await expect(ghost).toBeHidden();
  const inToday = page
    .getByRole('region', { name: 'Today', exact: true })
    .getByRole('button', { name: 'Call the dentist', exact: true });
  await inToday.click();
  await page.getByLabel('Title', { exact: true }).fill('Call the dentist about Friday');
  await page.getByLabel('Title', { exact: true }).blur();
  const renamed = { name: 'Call the dentist about Friday', exact: true };
  await expect(page.getByRole('region', { name: 'Today', exact: true }).getByRole('button', renamed)).toBeVisible();

  await go(page, 'Today');
  await page
    .getByRole('region', { name: 'What ran', exact: true })
    .getByRole('button', { name: 'Undo', exact: true })
    .click();
  await expect(page.getByText('Undid 1 change')).toBeVisible();
  await go(page, 'Todo');
  await expect(page.getByRole('region', { name: 'Overdue', exact: true }).getByRole('button', renamed)).toBeVisible();
});

test('tells what changed since it was planned, and approves the plan without it', async ({ newDevice }) => {
  const { page } = await newDevice('/');
  await page.getByRole('button', { name: 'Try the demo', exact: true }).click();
  await expect(page).toHaveURL(/\/inbox$/);
  await expect(page.getByRole('button', { name: /^Approve 7/ })).toBeVisible();
  await go(page, 'Todo');
  await todo(page, 'Call the dentist').click();
  await page.getByLabel('Due', { exact: true }).fill('2030-11-25');
  await page.getByLabel('Due', { exact: true }).blur();
  const dentist = ghost(page, 'Change Call the dentist');
  await expect(dentist).toContainText('changed since');
  await expectAccessible(page);

  await go(page, 'Inbox');
  await page.getByRole('button', { name: /^Change "Call the dentist"/ }).click();
  const banner = page.getByRole('region', { name: 'Changed since this was planned', exact: true });
  await expect(banner).toContainText('now Mon 25 Nov 2030');
  await expectAccessible(page);
  await page.getByRole('button', { name: /^Approve 6/ }).click();
  await expect(page.getByText('Approved 6 changes')).toBeVisible();
  await expect(banner).toBeVisible();
  await page.getByRole('button', { name: 'Approve', exact: true }).click();
  await expect(page.getByText('Nothing waits for you')).toBeVisible();
});
