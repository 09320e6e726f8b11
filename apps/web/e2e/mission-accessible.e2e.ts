import type { ScriptedModel } from '@manara/testkit/scripted-model/scripted-model';
import type { Page } from '@playwright/test';
import { addTodo, expect, expectAccessible, newAccount, signUp, test } from './fixtures.ts';
import { createStep, go, openMission, planOf, runMission, writeMission, writeNote } from './mission-steps.ts';

const OBJECTIVE = 'Plan the garden party';
const SUMMARY = 'What the party still needs';
const DESKTOP = { width: 1360, height: 860 };
/** As in accessible.e2e.ts: each screen in both sizes and in both schemes, not in all four pairs. */
const looks = [
  { name: 'desktop, light', viewport: DESKTOP, colorScheme: 'light' },
  { name: 'phone, dark', viewport: { width: 390, height: 844 }, colorScheme: 'dark' },
] as const;

test.beforeEach(({ model }) => model.reset());

test('axe finds nothing on the screens of a mission and its suggestions', async ({ newDevice, model }) => {
  const { page } = await newDevice('/', { onlineOnly: true });
  await preparePlan(page, model);
  const screens = [
    { name: 'Chat', open: async () => {}, shows: 'and Tom.' },
    { name: 'Today', open: () => go(page, 'Today'), shows: '3 suggestions' },
    { name: 'Inbox', open: () => go(page, 'Inbox'), shows: 'Delete "Rent tables"' },
    { name: 'Activity', open: () => go(page, 'Activity'), shows: 'Create "Order ice"' },
    { name: 'Todo', open: () => go(page, 'Todo'), shows: 'Write the invitations' },
    { name: 'Missions', open: () => go(page, 'Missions'), shows: 'Garden party' },
    { name: 'Composer', open: () => page.goto('/missions/new'), shows: 'Link notes or todos' },
    { name: 'Mission', open: () => openMission(page, 'Garden party'), shows: 'planned by scripted' },
  ];
  for (const screen of screens) {
    await screen.open();
    for (const { name, viewport, colorScheme } of looks) {
      await test.step(`${screen.name} (${name})`, async () => {
        await page.setViewportSize(viewport);
        await page.emulateMedia({ colorScheme });
        await expect(page.getByText(screen.shows).first()).toBeVisible();
        await expectAccessible(page);
      });
    }
    await page.setViewportSize(DESKTOP);
  }
});

/** A plan with one done and every kind of suggestion open, and an answered chat, whose page it ends on. */
async function preparePlan(page: Page, model: ScriptedModel): Promise<void> {
  await signUp(page, newAccount('Axel'));
  await writeNote(page, 'Guests', 'Nadia, Tom and the neighbours.');
  await page.goto('/todo');
  await addTodo(page, 'Rent tables');
  model.answerWith(({ promptText }) => {
    const id = /"ref":"todos\/([0-9a-f-]{36})"[^\n]*Rent tables/.exec(promptText)?.[1];
    if (!promptText.includes(OBJECTIVE) || id === undefined) return undefined;
    return planOf(OBJECTIVE, SUMMARY, [
      createStep('Write the invitations', 'Nobody is invited yet.'),
      createStep('Order ice', 'It will be hot.'),
      { tool: 'todo.update', args: { id, due: '2030-06-07' }, rationale: 'They go fast in June.' },
      { tool: 'todo.delete', args: { id }, rationale: 'Perhaps the neighbours have tables.' },
      { tool: 'shell.exec', args: {}, rationale: 'A tool that does not exist.' },
    ]);
  });
  await writeMission(page, { title: 'Garden party', objective: OBJECTIVE, links: ['Guests', 'Rent tables'] });
  await runMission(page, SUMMARY);
  // One is done, so that Activity and Today have a change to show.
  await go(page, 'Inbox');
  await page.getByRole('button', { name: 'Create "Order ice"', exact: true }).click();
  await page
    .getByRole('complementary')
    .getByRole('button', { name: /^Approve/ })
    .click();
  await expect(page.getByRole('button', { name: 'Create "Order ice"', exact: true })).toBeHidden();
  model.enqueue({
    kind: 'text',
    match: 'Who is invited?',
    text: '{"answer":"**Nadia** and Tom.","summary":"","steps":[]}',
  });
  await go(page, 'Chat');
  await page.getByLabel('Message', { exact: true }).fill('Who is invited?');
  await page.getByRole('button', { name: 'Send', exact: true }).click();
  await expect(page.getByText('and Tom.')).toBeVisible({ timeout: 30_000 });
}
