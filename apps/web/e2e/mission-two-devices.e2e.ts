import type { Page } from '@playwright/test';
import { addTodo, type Device, expect, newAccount, readyForOffline, signIn, signUp, synced, test } from './fixtures.ts';
import {
  activity,
  cellValue,
  createStep,
  go,
  living,
  planCard,
  planOf,
  runMission,
  serverRecords,
  serverTodos,
  todo,
  writeMission,
} from './mission-steps.ts';

const OBJECTIVE = 'Get the flat ready for the painters';
const SUMMARY = 'Make room, then call them';

test.beforeEach(({ model }) => model.reset());

test('two devices approve one plan offline: one effect each, no edit lost, and undo keeps later edits', async ({
  newDevice,
  model,
}) => {
  const account = newAccount('Uma');
  const first = await newDevice('/');
  await signUp(first.page, account);
  await go(first.page, 'Todo');
  await addTodo(first.page, 'Call the painters');
  // The plan changes this very todo: the prompt tells the model its id.
  model.answerWith(({ promptText }) => {
    const id = /"ref":"todos\/([0-9a-f-]{36})"[^\n]*Call the painters/.exec(promptText)?.[1];
    if (!promptText.includes(OBJECTIVE) || id === undefined) return undefined;
    return planOf(OBJECTIVE, SUMMARY, [
      createStep('Empty the shelves', 'They cannot paint behind books.'),
      createStep('Buy dust sheets', 'There are none.'),
      {
        tool: 'todo.update',
        args: { id, due: '2030-05-06', priority: 3 },
        rationale: 'They want to know a month before.',
      },
    ]);
  });
  await writeMission(first.page, { title: 'Painters', objective: OBJECTIVE });
  await runMission(first.page, SUMMARY);
  const second = await newDevice('/');
  await signIn(second.page, account);
  const devices = [first, second];
  for (const { page } of devices) {
    await go(page, 'Inbox');
    await expect(planCard(page, SUMMARY).getByRole('button', { name: /^Approve 3/ })).toBeVisible();
    await readyForOffline(page);
  }

  await test.step('both approve it offline, and one edits a todo in between', async () => {
    await Promise.all(devices.map((device) => device.setOffline(true)));
    await approvePlan(first);
    // Before it approves, the second device changes a field that the plan leaves alone …
    await editTodo(second.page, 'Call the painters', async (page) => {
      await page.getByLabel('Note', { exact: true }).fill('Their number is in the blue book');
      await page.getByLabel('Note', { exact: true }).blur();
    });
    await approvePlan(second);
    // … and afterwards one that the plan has just set.
    await editTodo(second.page, 'Call the painters', async (page) => {
      await page.getByLabel('Priority', { exact: true }).selectOption({ label: 'Low' });
    });
    for (const { page } of devices)
      await expect(page.getByRole('button', { name: /^Sync: / })).toContainText('waiting');
  });

  await test.step('reconnected, both hold each effect once and both edits', async () => {
    await Promise.all(devices.map((device) => device.setOffline(false)));
    for (const { page } of devices) await synced(page);
    for (const { page } of devices) {
      await expectTodo(page, { priority: '1', due: '2030-05-06', note: 'Their number is in the blue book' });
      for (const title of ['Empty the shelves', 'Buy dust sheets', 'Call the painters']) {
        await expect(todo(page, title)).toHaveCount(1);
      }
      await go(page, 'Activity');
      for (const what of ['Create "Empty the shelves"', 'Create "Buy dust sheets"']) {
        await expect(activity(page, what)).toHaveCount(1);
      }
      await go(page, 'Inbox');
      await expect(page.getByText('Nothing waits for you')).toBeVisible();
    }
    const records = await serverRecords(first.page);
    expect(living(records, 'executions').map((record) => cellValue(record, 'status'))).toEqual([
      'done',
      'done',
      'done',
    ]);
    expect(await serverTodos(first.page)).toEqual(['Buy dust sheets', 'Call the painters', 'Empty the shelves']);
    const painters = living(records, 'todos').find((record) => cellValue(record, 'title') === 'Call the painters');
    expect(painters?.fields).toMatchObject({
      due: ['2030-05-06', expect.any(String)],
      note: ['Their number is in the blue book', expect.any(String)],
      priority: [1, expect.any(String)],
    });
  });

  await test.step('undo takes the effects back and keeps what was edited later', async () => {
    await go(first.page, 'Activity');
    const change = first.page
      .getByRole('listitem')
      .filter({ has: first.page.getByRole('link', { name: /^Change "Call the painters"/ }) });
    await change.getByRole('button', { name: 'Undo', exact: true }).click();
    await expect(first.page.getByText('Undid 1 change. 1 field that changed since stayed')).toBeVisible();
    await expect(change).toContainText('undone');
    const shelves = activity(first.page, 'Create "Empty the shelves"');
    await shelves.getByRole('button', { name: 'Undo', exact: true }).click();
    await expect(shelves).toContainText('undone');
    await synced(first.page);
    for (const { page } of devices) {
      await go(page, 'Todo');
      await expect(todo(page, 'Empty the shelves')).toHaveCount(0);
      await expect(todo(page, 'Buy dust sheets')).toHaveCount(1);
      await expectTodo(page, { priority: '1', due: '', note: 'Their number is in the blue book' });
    }
    expect(await serverTodos(first.page)).toEqual(['Buy dust sheets', 'Call the painters']);
  });
});

async function approvePlan({ page }: Device): Promise<void> {
  await go(page, 'Inbox');
  await planCard(page, SUMMARY)
    .getByRole('button', { name: /^Approve 3/ })
    .click();
  await expect(planCard(page, SUMMARY)).toBeHidden();
}

async function editTodo(page: Page, title: string, edit: (page: Page) => Promise<void>): Promise<void> {
  await go(page, 'Todo');
  await todo(page, title).click();
  await edit(page);
  await page.getByRole('button', { name: 'Close details', exact: true }).click();
}

interface TodoFields {
  readonly priority: string;
  /** '' for none */
  readonly due: string;
  readonly note: string;
}

async function expectTodo(page: Page, fields: TodoFields): Promise<void> {
  await go(page, 'Todo');
  await todo(page, 'Call the painters').click();
  await expect(page.getByLabel('Priority', { exact: true })).toHaveValue(fields.priority);
  await expect(page.getByLabel('Due', { exact: true })).toHaveValue(fields.due);
  await expect(page.getByLabel('Note', { exact: true })).toHaveValue(fields.note);
  await page.getByRole('button', { name: 'Close details', exact: true }).click();
}
