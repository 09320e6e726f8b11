import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromiumArgs } from '@manara/testkit/chromium-args';
import { installedChromium } from '@manara/testkit/installed-chromium';
import { type BrowserContext, chromium, type Page } from '@playwright/test';
import { build } from 'vite';
import type { Bench } from './measurement.ts';
import type { BenchPage } from './page/bench-page.ts';
import { tempFolder } from './temp-folder.ts';

const PAGE_FOLDER = fileURLToPath(new URL('./page/', import.meta.url));
const PAGE_PATH = '/bench-page/';

/** Chromium with a new profile on the disk: a private window would keep its databases in memory. */
export async function openBrowser(
  bench: Bench,
  options: { readonly serviceWorkers?: 'allow' | 'block' } = {},
): Promise<BrowserContext> {
  const executablePath = installedChromium();
  const context = await chromium.launchPersistentContext(await tempFolder(bench), {
    args: chromiumArgs,
    ...(executablePath === undefined ? {} : { executablePath }),
    ...options,
  });
  bench.keep(() => context.close());
  return context;
}

/**
 * Opens the page of page/bench-page.ts, built as the app is, on `origin`. Its files are put in by the browser's own
 * interception, which is gone before anything is timed: so the page shares the server's origin and the server has
 * nothing to do with it.
 */
export async function openBenchPage(bench: Bench, context: BrowserContext, origin: string): Promise<Page> {
  const built = await tempFolder(bench);
  await build({
    configFile: false,
    root: PAGE_FOLDER,
    base: PAGE_PATH,
    logLevel: 'error',
    build: { outDir: built, emptyOutDir: true, target: 'es2023' },
  });
  const page = await context.newPage();
  await page.route(`${origin}${PAGE_PATH}**`, (route) => {
    const path = new URL(route.request().url()).pathname.slice(PAGE_PATH.length);
    return route.fulfill({ path: join(built, path) });
  });
  await page.goto(`${origin}${PAGE_PATH}index.html`);
  await page.waitForFunction(() => 'manaraBench' in window);
  await page.unrouteAll();
  return page;
}

/** One side of one round, in the page. */
export function inPage<Name extends keyof BenchPage>(
  page: Page,
  name: Name,
  ...args: Parameters<BenchPage[Name]>
): Promise<number> {
  return page.evaluate(
    ([called, given]) => {
      const { manaraBench } = window as unknown as {
        manaraBench: Record<string, (...values: unknown[]) => Promise<number>>;
      };
      const side = manaraBench[called];
      if (side === undefined) throw new Error(`the page has no ${called}`);
      return side(...given);
    },
    [name as string, args as unknown[]] as const,
  );
}
