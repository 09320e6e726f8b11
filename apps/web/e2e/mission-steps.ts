import type { JsonValue } from '@manara/kernel/json';
import { pullReply } from '@manara/protocol/pull';
import type { WireRecord } from '@manara/protocol/record';
import { PROTOCOL_VERSION } from '@manara/protocol/version';
import type { ScriptedReply } from '@manara/testkit/scripted-model/scripted-reply';
import type { Locator, Page } from '@playwright/test';
import { expect } from './fixtures.ts';

/** Moves inside the app, as a person does: offline too, and without a new page. */
export async function go(page: Page, name: 'Today' | 'Inbox' | 'Missions' | 'Chat' | 'Activity' | 'Todo' | 'Notes') {
  await page
    .getByRole('navigation')
    .getByRole('link', { name: new RegExp(`^${name}`) })
    .click();
  await expect(page.getByRole('heading', { level: 1, name, exact: true })).toBeVisible();
}

export async function writeNote(page: Page, title: string, text: string): Promise<void> {
  await page.goto('/notes?new');
  await page.getByRole('textbox', { name: 'Title', exact: true }).fill(title);
  await page.getByRole('textbox', { name: /^Text/ }).fill(text);
  await page.getByRole('textbox', { name: /^Text/ }).blur();
  await expect(page).toHaveURL(/\/notes\/[0-9a-f-]{36}$/);
}

export interface MissionWords {
  readonly title: string;
  readonly objective: string;
  /** titles of the records that it looks at */
  readonly links?: readonly string[];
}

/** Writes a mission that runs when it is told to, and ends on its page. */
export async function writeMission(page: Page, { title, objective, links = [] }: MissionWords): Promise<void> {
  await page.goto('/missions/new');
  await page.getByLabel('What is it for?', { exact: true }).fill(objective);
  await page.getByLabel('Title', { exact: true }).fill(title);
  if (links.length > 0) {
    await page.getByRole('button', { name: 'Link notes or todos', exact: true }).click();
    const dialog = page.getByRole('dialog', { name: 'Link notes or todos', exact: true });
    for (const link of links) await dialog.getByRole('checkbox', { name: link, exact: true }).check();
    await dialog.getByRole('button', { name: `Link ${links.length}`, exact: true }).click();
  }
  await page.getByLabel('Repeat', { exact: true }).selectOption({ label: 'Only when I run it' });
  await page.getByRole('button', { name: /^Start mission/ }).click();
  await expect(page.getByRole('heading', { level: 1, name: title, exact: true })).toBeVisible();
}

export async function openMission(page: Page, title: string): Promise<void> {
  await go(page, 'Missions');
  await page.getByRole('link', { name: new RegExp(`^${title}`) }).click();
  await expect(page.getByRole('heading', { level: 1, name: title, exact: true })).toBeVisible();
}

/** Presses "Run now" on the mission's page and waits for the plan with this summary. */
export async function runMission(page: Page, summary: string | RegExp): Promise<void> {
  await page.getByRole('button', { name: 'Run now', exact: true }).click();
  await expect(page.getByRole('heading', { level: 3, name: summary })).toBeVisible({ timeout: 30_000 });
}

/** One plan in the inbox. */
export const planCard = (page: Page, summary: string | RegExp): Locator => page.getByRole('article', { name: summary });

/** The ghost of a suggestion on a module's page. */
export const ghost = (page: Page, words: string): Locator =>
  page.getByRole('group', { name: `Suggested, not saved: ${words}`, exact: true });

/** A todo's line, not a ghost of it. */
export const todo = (page: Page, title: string): Locator =>
  page
    .getByRole('listitem')
    .filter({ has: page.getByRole('checkbox', { name: `Done: ${title}`, exact: true }) })
    .getByRole('button', { name: title, exact: true });

/** A line of Activity. */
export const activity = (page: Page, what: string): Locator =>
  page.getByRole('listitem').filter({ has: page.getByRole('link', { name: what, exact: true }) });

/** A step of a plan that creates a todo. */
export const createStep = (title: string, rationale: string): JsonValue => ({
  tool: 'todo.create',
  args: { title },
  rationale,
});

export const planOf = (match: string, summary: string, steps: readonly JsonValue[]): ScriptedReply => ({
  kind: 'plan',
  match,
  summary,
  steps,
});

/** Everything the server holds for the page's account, asked for with the page's own session. */
export async function serverRecords(page: Page): Promise<readonly WireRecord[]> {
  const pulled = await page.evaluate(
    async ({ protocol, client }) => {
      const read = async (path: string, body?: unknown): Promise<unknown> => {
        const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
        return (await fetch(path, body === undefined ? {} : init)).json();
      };
      const me = (await read('/v1/me')) as { epoch: string; spaces: { id: string }[] };
      const cursors = Object.fromEntries(me.spaces.map((space) => [space.id, 0]));
      return read('/v1/sync/pull', { protocol, client, epoch: me.epoch, cursors });
    },
    { protocol: PROTOCOL_VERSION, client: readerClient() },
  );
  const reply = pullReply.safeParse(pulled);
  if (!reply.success) throw new Error(`the server answered ${JSON.stringify(pulled)}`);
  return Object.values(reply.data.spaces).flatMap((space) => space.records);
}

let readers = 0;
const readerClient = (): string => {
  readers += 1;
  return (process.pid * 1000 + readers).toString(16).padStart(16, '0');
};

/** The value of a record's cell; undefined when nobody wrote it. */
export const cellValue = (record: WireRecord | undefined, field: string): unknown => record?.fields[field]?.[0];

/** Living records of a table. */
export const living = (records: readonly WireRecord[], table: string): readonly WireRecord[] =>
  records.filter((record) => record.table === table && record.deleted?.[0] !== true);

/** Titles of the living todos that the server holds, sorted. */
export async function serverTodos(page: Page): Promise<readonly string[]> {
  return living(await serverRecords(page), 'todos')
    .map((record) => String(cellValue(record, 'title')))
    .sort();
}
