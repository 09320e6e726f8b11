import type { Page } from '@playwright/test';
import { expect, newAccount, readyForOffline, signIn, signUp, synced, type TestAccount, test } from './fixtures.ts';
import {
  activity,
  cellValue,
  createStep,
  ghost,
  go,
  living,
  openMission,
  planCard,
  planOf,
  runMission,
  serverRecords,
  todo,
  writeMission,
  writeNote,
} from './mission-steps.ts';

const OBJECTIVE = 'Turn what my notes say into todos for this week';
const SUMMARY = 'Four things that your notes ask for';
const REASON = 'My sister writes the postcards';

test.beforeEach(({ model }) => model.reset());

test('a mission written offline by a guest is planned, decided, and the same on a second device', async ({
  newDevice,
  model,
}) => {
  const account = newAccount('Ida');
  const first = await newDevice('/');
  const { page } = first;

  await test.step('a guest writes it offline and signs up', async () => {
    await readyForOffline(page);
    await first.setOffline(true);
    // Its last line is data: what the rules look for in the second run.
    await writeNote(page, 'Kitchen', 'The tap drips. Call the plumber about the leak.\nTODO: Measure the sink');
    await writeNote(page, 'Porto', 'Book the train before Friday. Postcards for everyone.');
    await writeMission(page, { title: 'Week plan', objective: OBJECTIVE, links: ['Kitchen', 'Porto'] });
    await expect(page.getByText(/^(Kitchen, Porto|Porto, Kitchen)$/)).toBeVisible();
    await first.setOffline(false);
    await signUp(page, account);
    await synced(page);
  });

  await test.step('the model plans it', async () => {
    model.enqueue(
      planOf(OBJECTIVE, SUMMARY, [
        createStep('Call the plumber', 'The tap drips and nobody is called yet.'),
        createStep('Book the train', 'The note wants it before Friday.'),
        createStep('Buy a guide book', 'It makes the trip easier.'),
        createStep('Write the postcards', 'The note wants them for everyone.'),
        { tool: 'shell.exec', args: { command: 'ls' }, rationale: 'A tool that does not exist.' },
      ]),
    );
    await openMission(page, 'Week plan');
    await runMission(page, SUMMARY);
    await expect(page.getByText(/planned by scripted/)).toBeVisible();
    const prompt = model.requests.find((request) => request.promptText.includes(OBJECTIVE))?.promptText ?? '';
    expect(prompt).toContain('Call the plumber about the leak.');
    expect(prompt).toContain('Postcards for everyone.');
  });

  await test.step('ghosts and inbox show the plan; nothing is saved yet', async () => {
    await go(page, 'Todo');
    await expect(page.getByRole('group', { name: /^Suggested, not saved/ })).toHaveCount(4);
    await expect(ghost(page, 'Add Call the plumber')).toBeVisible();
    await expect(page.getByRole('region', { name: 'Suggestions', exact: true })).toContainText(
      'Week plan suggests 4 changes here',
    );
    expect(living(await serverRecords(page), 'todos')).toEqual([]);
    await go(page, 'Inbox');
    const card = planCard(page, SUMMARY);
    await expect(card).toContainText('planned by scripted');
    await expect(card.getByText('1 step was put aside')).toBeVisible();
  });

  await test.step('one is rejected with a reason, one edited, the rest approved at once', async () => {
    const card = planCard(page, SUMMARY);
    const detail = page.getByRole('complementary', { name: 'Suggestion', exact: true });
    await card.getByRole('button', { name: 'Create "Write the postcards"', exact: true }).click();
    await detail.getByRole('button', { name: /^Reject/ }).click();
    const dialog = page.getByRole('dialog', { name: /^Reject/ });
    await dialog.getByRole('radio', { name: /^Not for me to do/ }).check();
    await dialog.getByLabel('In your words', { exact: true }).fill(REASON);
    await dialog.getByRole('button', { name: /^Reject/ }).click();
    await expect(card.getByRole('button', { name: 'Create "Write the postcards"', exact: true })).toBeHidden();

    await card.getByRole('button', { name: 'Create "Buy a guide book"', exact: true }).click();
    await detail.getByRole('button', { name: /^Edit/ }).click();
    const sheet = page.getByRole('dialog', { name: 'Edit before approving', exact: true });
    await sheet.getByLabel('Title', { exact: true }).fill('Borrow a guide book');
    await sheet.getByRole('button', { name: 'Approve', exact: true }).click();
    await expect(card.getByRole('button', { name: 'Create "Buy a guide book"', exact: true })).toBeHidden();

    await card.getByRole('button', { name: /^Approve 2/ }).click();
    await expect(card).toBeHidden();
    await expect(page.getByText('Nothing waits for you')).toBeVisible();
  });

  await test.step('the todos exist and say who made them and why', async () => {
    await expectDecided(page);
    await synced(page);
    const made = living(await serverRecords(page), 'todos');
    expect(made.map((record) => cellValue(record, 'title')).sort()).toEqual([
      'Book the train',
      'Borrow a guide book',
      'Call the plumber',
    ]);
    for (const { actor, actorOf } of made) {
      expect(actorOf).toEqual({});
      expect(actor).toMatchObject({ kind: 'ai', name: 'Week plan' });
      expect(actor.reason).toMatch(/tap drips|before Friday|makes the trip/);
    }
  });

  await test.step('a second browser signs in and sees the same', async () => {
    await signInAndSeeTheSame((await newDevice('/')).page, account);
  });

  await test.step('the next prompt holds the reason, and rules plan when the model fails', async () => {
    model.enqueue({ kind: 'status', status: 401, match: OBJECTIVE });

    await openMission(page, 'Week plan');
    await page.getByRole('button', { name: 'Run now', exact: true }).click();
    await expect(page.getByText(/planned by rules, the model failed/)).toBeVisible({ timeout: 30_000 });
    const asked = model.requests.filter((request) => request.promptText.includes(OBJECTIVE));
    expect(asked).toHaveLength(2);
    expect(asked[1]?.promptText).toContain(REASON);
    expect(asked[0]?.promptText).not.toContain(REASON);
    await page.getByText('What the planner went through').first().click();
    await expect(page.getByText(/The model server refused the key \(401\)/)).toBeVisible();
    await go(page, 'Todo');
    await expect(page.getByRole('group', { name: /^Suggested, not saved/ })).toHaveCount(1);
    await expect(ghost(page, 'Add Measure the sink')).toBeVisible();
  });
});

async function expectDecided(page: Page): Promise<void> {
  await go(page, 'Todo');
  for (const title of ['Book the train', 'Borrow a guide book', 'Call the plumber']) {
    await expect(todo(page, title)).toHaveCount(1);
  }
  await expect(page.getByRole('group', { name: /^Suggested, not saved/ })).toHaveCount(0);
  await go(page, 'Activity');
  await expect(activity(page, 'Create "Call the plumber"')).toContainText('Week plan');
  await expect(activity(page, 'Create "Call the plumber"')).toContainText('The tap drips and nobody is called yet.');
  await expect(activity(page, 'Rejected: Create "Write the postcards"')).toContainText(REASON);
}

async function signInAndSeeTheSame(page: Page, account: TestAccount): Promise<void> {
  await signIn(page, account);
  await synced(page);
  await expectDecided(page);
  await openMission(page, 'Week plan');
  await expect(page.getByText(OBJECTIVE)).toBeVisible();
  await expect(page.getByText(/^(Kitchen, Porto|Porto, Kitchen)$/)).toBeVisible();
  const steps = page.getByRole('listitem');
  await expect(steps.filter({ hasText: 'Create "Call the plumber"' })).toContainText('done');
  await expect(steps.filter({ hasText: 'guide book' })).toContainText('done');
  await expect(steps.filter({ hasText: 'Write the postcards' })).toContainText(`rejected You said: ${REASON}`);
}
