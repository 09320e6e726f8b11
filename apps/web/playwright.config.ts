import { chromiumArgs } from '@manara/testkit/chromium-args';
import { installedChromium } from '@manara/testkit/installed-chromium';
import { defineConfig, devices } from '@playwright/test';

const executablePath = installedChromium();

export default defineConfig({
  testDir: './e2e',
  testMatch: '**/*.e2e.ts',
  // Each worker has a server with its own database, so files may run side by side; more than two do not fit on two cores.
  workers: 2,
  fullyParallel: false,
  forbidOnly: true,
  retries: 0,
  timeout: 120_000,
  expect: { timeout: 15_000 },
  outputDir: './test-results',
  use: {
    ...devices['Desktop Chrome'],
    viewport: { width: 1360, height: 860 },
    launchOptions: { args: chromiumArgs, ...(executablePath === undefined ? {} : { executablePath }) },
    // The app decides by day: tests say which zone the day is in.
    timezoneId: 'Europe/Berlin',
    locale: 'en-GB',
    screenshot: 'only-on-failure',
    // A trace is asked for where a failure is looked into (--trace on): taking one of every test costs a tenth of the time.
    trace: 'off',
  },
});
