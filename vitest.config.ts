import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { chromiumArgs } from './packages/testkit/src/chromium-args.ts';
import { installedChromium } from './packages/testkit/src/installed-chromium.ts';

// The suffix of a test file says what it needs: nothing, a real Postgres, or a browser.
const roots = '{packages,services,apps,bench,tools}';
const pgTests = `${roots}/**/*.pg.test.ts`;
const browserTests = `${roots}/**/*.svelte.test.ts`;
const ignored = ['**/node_modules/**', '**/build/**', '**/.svelte-kit/**'];
/** As in apps/web/vite.config.ts: our own components use runes, a library's may not. */
const svelteOptions = {
  configFile: false as const,
  compilerOptions: {
    runes: ({ filename }: { filename: string }) =>
      filename.split(/[/\\]/).includes('node_modules') ? undefined : true,
  },
};
const executablePath = installedChromium();
const root = fileURLToPath(new URL('.', import.meta.url));

/** The web app's own Tailwind, so that component tests see what its build sees. */
async function webPlugins() {
  const require = createRequire(new URL('./apps/web/package.json', import.meta.url));
  const tailwind = await import(pathToFileURL(require.resolve('@tailwindcss/vite')).href);
  return [tailwind.default()];
}

/** Files that take ten seconds and more. Vitest learns that only by running them, so on a fresh checkout they might come last. */
const long = /\/(live|simulator|processes|model-faults)\.pg\.test\.ts$|\/solo\.test\.ts$|\/simulator\/[^/]*\.test\.ts$/;

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return [
      ...sorted.filter((file) => long.test(file.moduleId)),
      ...sorted.filter((file) => !long.test(file.moduleId)),
    ];
  }
}

export default defineConfig({
  test: {
    // What a passing test logs is noise.
    silent: 'passed-only',
    // By default one core is left to the watcher: on two cores that would be half of the machine.
    maxWorkers: availableParallelism(),
    sequence: { sequencer: LongFirst },
    projects: [
      {
        plugins: [svelte(svelteOptions)],
        test: {
          name: 'unit',
          environment: 'node',
          // Generous, because the machine may be busy: a property test or a linter's first start takes seconds then.
          testTimeout: 20_000,
          // Every file in a fresh process costs more than all the tests (54 against 21 s of CPU); they clean up after themselves.
          isolate: false,
          setupFiles: ['packages/testkit/src/fake-indexed-db.ts'],
          include: [`${roots}/**/*.test.ts`],
          exclude: [...ignored, pgTests, browserTests],
        },
      },
      {
        test: {
          name: 'pg',
          environment: 'node',
          include: [pgTests],
          exclude: ignored,
          globalSetup: ['packages/testkit/src/pg-global-setup.ts'],
          // Processes are started and databases made in some of them.
          testTimeout: 30_000,
          hookTimeout: 30_000,
          isolate: false,
          // A third of the time they wait, for the database or for a clock.
          maxWorkers: Math.ceil(availableParallelism() * 1.5),
        },
      },
      {
        plugins: [...(await webPlugins()), svelte(svelteOptions)],
        test: {
          name: 'browser',
          include: [browserTests],
          exclude: ignored,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({
              launchOptions: {
                ...(executablePath === undefined ? {} : { executablePath }),
                args: chromiumArgs,
              },
            }),
            instances: [{ browser: 'chromium' }],
          },
        },
      },
    ],
  },
  root,
});
