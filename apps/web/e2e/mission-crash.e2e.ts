import { addTodo, type Device, expect, newAccount, readyForOffline, signIn, signUp, synced, test } from './fixtures.ts';
import { createStep, go, planCard, planOf, runMission, serverTodos, todo, writeMission } from './mission-steps.ts';

const OBJECTIVE = 'Prepare the winter garden';
const SUMMARY = 'Before the first frost';
const PUSH = '**/v1/sync/push';

test.beforeEach(({ model }) => model.reset());

test('a server killed in mid-sync comes back with everything, and both devices drain', async ({
  newDevice,
  model,
  solo,
}) => {
  const account = newAccount('Kim');
  const first = await newDevice('/');
  await signUp(first.page, account);
  model.enqueue(planOf(OBJECTIVE, SUMMARY, [createStep('Cover the roses', 'They do not stand frost.')]));
  await writeMission(first.page, { title: 'Garden', objective: OBJECTIVE });
  await runMission(first.page, SUMMARY);
  const second = await newDevice('/');
  await signIn(second.page, account);
  await go(second.page, 'Inbox');
  await expect(planCard(second.page, SUMMARY)).toBeVisible();

  const devices = [first, second];
  for (const { page } of devices) await readyForOffline(page);
  for (const device of devices) await device.setOffline(true);
  await go(second.page, 'Inbox');
  await planCard(second.page, SUMMARY)
    .getByRole('button', { name: /^Approve 1/ })
    .click();
  await expect(planCard(second.page, SUMMARY)).toBeHidden();
  await writeTodos(first, ['Rake the leaves', 'Clean the gutter', 'Store the hose']);
  await writeTodos(second, ['Order firewood', 'Dig out the dahlias']);

  // The server takes the first device's push and dies before it can answer; the second device's never arrives.
  const push = first.page.waitForRequest(PUSH);
  let killed = Promise.resolve();
  await first.context.route(
    PUSH,
    async (route) => {
      const taken = await route.fetch();
      expect(taken.status()).toBe(200);
      killed = solo.kill();
      await killed;
      await route.abort('connectionreset');
    },
    { times: 1 },
  );
  await first.setOffline(false);
  await push;
  await expect
    .poll(() =>
      fetch(`${solo.url}/healthz`).then(
        () => 'up',
        () => 'down',
      ),
    )
    .toBe('down');
  await killed;
  await second.setOffline(false);
  for (const { page } of devices) await expect(page.getByRole('button', { name: /^Sync: / })).toContainText('waiting');

  await solo.start();
  const all = [
    'Clean the gutter',
    'Cover the roses',
    'Dig out the dahlias',
    'Order firewood',
    'Rake the leaves',
    'Store the hose',
  ];
  for (const { page } of devices) {
    await synced(page);
    for (const title of all) await expect(todo(page, title)).toHaveCount(1, { timeout: 30_000 });
  }
  expect(await serverTodos(second.page)).toEqual(all);
});

async function writeTodos({ page }: Device, titles: readonly string[]): Promise<void> {
  await go(page, 'Todo');
  for (const title of titles) await addTodo(page, title);
}
