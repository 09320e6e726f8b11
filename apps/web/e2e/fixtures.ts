import AxeBuilder from '@axe-core/playwright';
import { type ScriptedModel, startScriptedModel } from '@manara/testkit/scripted-model/scripted-model';
import { type BrowserContext, test as base, expect, type Page } from '@playwright/test';
import { type SoloServer, startSolo } from './solo-server.ts';

export { expect };

/** One browser profile: its own database, its own client id, its own session. */
export interface Device {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Cuts or restores the network of the whole profile, its service worker included. */
  setOffline(offline: boolean): Promise<void>;
  /** Opens a path of the app in a fresh page, as after a restart of the browser, and makes it `page`. */
  open(path: string): Promise<Page>;
}

interface WorkerFixtures {
  /** the model that answers what a test tells it to */
  model: ScriptedModel;
  /** a server that plans with `model` */
  solo: SoloServer;
}

interface TestFixtures {
  /** Opens a new browser profile on a path of the app. After the test no page may have broken the content security policy. */
  newDevice: (path?: string, options?: DeviceOptions) => Promise<Device>;
}

export interface DeviceOptions {
  readonly server?: SoloServer;
  readonly viewport?: { readonly width: number; readonly height: number };
  readonly colorScheme?: 'light' | 'dark';
  /** No service worker: for tests that only look. Filling its cache takes as long as loading the app. */
  readonly onlineOnly?: boolean;
}

/** Console lines that are the test's own doing: a cut network. */
const EXPECTED = /net::ERR_|Failed to load resource|Failed to fetch/;

export const test = base.extend<TestFixtures, WorkerFixtures>({
  model: [
    async ({ browserName: _ }, use) => {
      const model = await startScriptedModel();
      await use(model);
      await model.close();
    },
    { scope: 'worker' },
  ],
  solo: [
    async ({ model }, use) => {
      const solo = await startSolo({
        OPENAI_BASE_URL: model.baseUrl,
        OPENAI_API_KEY: 'test',
        MANARA_MODEL: 'scripted',
      });
      await use(solo);
      await solo.dispose();
    },
    { scope: 'worker', timeout: 120_000 },
  ],
  newDevice: async ({ browser, solo }, use) => {
    const contexts: BrowserContext[] = [];
    const faults: string[] = [];
    await use(async (path = '/', options = {}) => {
      const context = await browser.newContext({
        baseURL: (options.server ?? solo).url,
        // Frames of transitions are drawn in software here, which takes a sixth of the time.
        reducedMotion: 'reduce',
        ...(options.viewport ? { viewport: options.viewport } : {}),
        ...(options.colorScheme ? { colorScheme: options.colorScheme } : {}),
        ...(options.onlineOnly ? { serviceWorkers: 'block' } : {}),
      });
      contexts.push(context);
      return openDevice(context, path, faults);
    });
    for (const context of contexts) await context.close();
    expect(faults, 'errors and policy violations of the pages').toEqual([]);
  },
});

async function openDevice(context: BrowserContext, path: string, faults: string[]): Promise<Device> {
  await context.addInitScript(() => {
    addEventListener('securitypolicyviolation', (event) => {
      console.error(`policy violation: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile ?? ''}`);
    });
  });
  context.on('page', (page) => {
    page.on('pageerror', (error) => faults.push(String(error)));
    page.on('response', (response) => {
      if (response.status() >= 500) faults.push(`${response.status()} from ${response.url()}`);
    });
    page.on('console', (message) => {
      if (message.type() === 'error' && !EXPECTED.test(message.text())) faults.push(message.text());
    });
  });
  let page = await context.newPage();
  await page.goto(path);
  return {
    get page() {
      return page;
    },
    context,
    setOffline: (offline) => context.setOffline(offline),
    open: async (to) => {
      await page.close();
      page = await context.newPage();
      await page.goto(to);
      return page;
    },
  };
}

/** Waits until the app has its service worker and shell in the cache: from here on it starts offline. */
export async function readyForOffline(page: Page): Promise<void> {
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
    if (navigator.serviceWorker.controller) return;
    await new Promise((done) => navigator.serviceWorker.addEventListener('controllerchange', done, { once: true }));
  });
}

let accounts = 0;

/** A new account's credentials, never used before in this run. */
export function newAccount(name: string): { name: string; email: string; password: string } {
  accounts += 1;
  return {
    name,
    email: `${name.toLowerCase()}-${process.pid}-${accounts}@example.com`,
    password: 'correct horse battery',
  };
}
export type TestAccount = ReturnType<typeof newAccount>;

export async function signUp(page: Page, account: TestAccount): Promise<void> {
  await page.goto('/sign-in');
  await page.getByText('Create account', { exact: true }).first().click();
  await page.getByLabel('Name', { exact: true }).fill(account.name);
  await page.getByLabel('E-mail', { exact: true }).fill(account.email);
  await page.getByLabel('Password', { exact: true }).fill(account.password);
  await page.getByRole('button', { name: 'Create account', exact: true }).click();
  await expect(page).not.toHaveURL(/sign-in/);
}

export async function signIn(page: Page, account: TestAccount): Promise<void> {
  await page.goto('/sign-in');
  await page.getByText('Sign in', { exact: true }).first().click();
  await page.getByLabel('E-mail', { exact: true }).fill(account.email);
  await page.getByLabel('Password', { exact: true }).fill(account.password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(page).not.toHaveURL(/sign-in/);
}

/** Waits until this device has sent all it has and heard from the server. */
export async function synced(page: Page): Promise<void> {
  await expect(page.getByRole('button', { name: /^Sync: / })).toContainText('Synced', { timeout: 20_000 });
}

export async function addTodo(page: Page, title: string): Promise<void> {
  const box = page.getByRole('textbox', { name: /^Add a todo/ });
  await box.fill(title);
  await box.press('Enter');
  await expect(page.getByRole('button', { name: title, exact: true })).toBeVisible();
}

/** Fails with what axe found and where. */
export async function expectAccessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'])
    // The app has no frames to gather results from, and without it no second page is opened for each look.
    .setLegacyMode()
    .analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(' ')).join(', ')}`)).toEqual(
    [],
  );
}
