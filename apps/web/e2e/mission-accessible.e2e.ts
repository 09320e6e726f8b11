import { addTodo, expect, expectAccessible, newAccount, signUp, test } from './fixtures.ts';
import { createStep, go, planOf, runMission, writeMission, writeNote } from './mission-steps.ts';

const OBJECTIVE = 'Plan the garden party';
const SUMMARY = 'What the party still needs';
const DESKTOP = { width: 1360, height: 860 };
const PHONE = { width: 390, height: 844 };
const looks = [
  { name: 'desktop, light', viewport: DESKTOP, colorScheme: 'light' },
  { name: 'desktop, dark', viewport: DESKTOP, colorScheme: 'dark' },
  { name: 'phone, light', viewport: PHONE, colorScheme: 'light' },
  { name: 'phone, dark', viewport: PHONE, colorScheme: 'dark' },
] as const;

test.beforeEach(({ model }) => model.reset());

test('axe finds nothing on the screens of a mission and its suggestions', async ({ newDevice, model }) => {
  const { page } = await newDevice('/');
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
  const mission = new URL(page.url()).pathname;
  // One is done, so that Activity and Today have a change to show.
  await go(page, 'Inbox');
  await page.getByRole('button', { name: 'Create "Order ice"' }).click();
  await page
    .getByRole('complementary')
    .getByRole('button', { name: /^Approve/ })
    .click();
  await expect(page.getByRole('button', { name: 'Create "Order ice"' })).toBeHidden();
  model.enqueue({
    kind: 'text',
    match: 'Who is invited?',
    text: '{"answer":"**Nadia** and Tom.","summary":"","steps":[]}',
  });
  await go(page, 'Chat');
  await page.getByLabel('Message', { exact: true }).fill('Who is invited?');
  await page.getByRole('button', { name: 'Send' }).click();
  await expect(page.getByText('and Tom.')).toBeVisible({ timeout: 30_000 });
  const chat = page.url();

  const screens = [
    { path: '/', shows: '3 suggestions' },
    { path: '/inbox', shows: 'Delete "Rent tables"' },
    { path: mission, shows: 'planned by scripted' },
    { path: '/missions', shows: 'Garden party' },
    { path: '/missions/new', shows: 'What is it for?' },
    { path: chat, shows: 'and Tom.' },
    { path: '/activity', shows: 'Create "Order ice"' },
    { path: '/todo', shows: 'Write the invitations' },
  ];
  for (const { path, shows } of screens) {
    await page.goto(path);
    for (const { name, viewport, colorScheme } of looks) {
      await test.step(`${path} (${name})`, async () => {
        await page.setViewportSize(viewport);
        await page.emulateMedia({ colorScheme });
        await expect(page.getByText(shows).first()).toBeVisible();
        await expectAccessible(page);
      });
    }
  }
});
