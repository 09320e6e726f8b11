// `npm test`: everything that can tell whether the product is right, in one run. It goes on after a failure and closes with
// the line "N passed, N failed, N skipped", the sum over all runners.
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildWeb } from './build-web.ts';
import { findChromium } from './chromium.ts';
import { addCounts, type Counts, countPlaywright, countVitest, noCounts, withExit } from './count-results.ts';
import { bin, type CommandResult, root, runCommand, stopWithChildren } from './run-command.ts';
import { type StaticCheck, staticChecks } from './static-checks.ts';

/** How many static checks run at once. */
const checksAtOnce = 2;
const outputLinesMax = 150;

const usage = `Usage: npm test [-- <filter>…]
  <filter>  part of a test file's path, for example packages/kernel or inbox.e2e; static checks then do not run.`;

const testFiles = {
  unit: '{packages,services,apps,bench,tools}/**/*.test.ts',
  e2e: 'apps/web/e2e/**/*.e2e.ts',
};

const sum: Counts = noCounts();
const failures: string[] = [];

function heading(title: string): void {
  console.log(`\n── ${title} ${'─'.repeat(Math.max(3, 76 - title.length))}`);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

/** The beginning of a failed check's output: the rest is more of the same. */
function shorten(text: string): string {
  const lines = text.split('\n');
  if (lines.length <= outputLinesMax) return text;
  return `${lines.slice(0, outputLinesMax).join('\n')}\n… and ${lines.length - outputLinesMax} more lines`;
}

function count(what: string, counts: Counts): void {
  addCounts(sum, counts);
  if (counts.failed > 0) failures.push(`${what}: ${counts.failed} failed`);
}

function fail(what: string, reason: string): void {
  console.log(`✗ ${what}: ${reason}`);
  count(what, { ...noCounts(), failed: 1 });
}

/** Runs the checks a few at a time, and shows them in their order as they end. */
async function runStaticChecks(checks: readonly StaticCheck[]): Promise<void> {
  const results = new Map<StaticCheck, PromiseWithResolvers<CommandResult>>();
  for (const check of checks) results.set(check, Promise.withResolvers());
  const waiting = [...checks];
  const work = async (): Promise<void> => {
    for (let check = waiting.shift(); check; check = waiting.shift()) {
      const [file, ...args] = check.command;
      const options = { output: 'keep', ...(check.cwd ? { cwd: check.cwd } : {}) } as const;
      results.get(check)?.resolve(await runCommand(file, args, options));
    }
  };
  const workers = Array.from({ length: checksAtOnce }, work);
  let section = '';
  for (const check of checks) {
    const result = await results.get(check)?.promise;
    if (check.section !== section) heading(check.section);
    section = check.section;
    console.log(`${result?.ok ? '✓' : '✗'} ${check.name} (${seconds(result?.ms ?? 0)})`);
    if (!result?.ok) console.log(shorten(result?.text ?? ''));
    if (!result?.ok && check.hint) console.log(check.hint);
    count(`${check.section}, ${check.name}`, { ...noCounts(), ...(result?.ok ? { passed: 1 } : { failed: 1 }) });
  }
  await Promise.all(workers);
}

async function buildTheApp(): Promise<void> {
  heading('Web app');
  const build = await buildWeb();
  if (!build.ok) return fail('build', `\n${build.text}`);
  console.log(build.built ? `✓ built (${seconds(build.ms)})` : '✓ unchanged since the last build');
  count('build', { ...noCounts(), passed: 1 });
}

/** Runs a runner that writes a JSON report, shows its output as it goes, and counts. */
async function runSuite(
  title: string,
  command: readonly [string, ...string[]],
  read: (report: never) => Counts,
  options: { cwd?: string; env: Record<string, string>; report: string },
): Promise<void> {
  heading(title);
  const [file, ...args] = command;
  const { report, ...rest } = options;
  const run = await runCommand(file, args, { ...rest, output: 'show' });
  const counts = existsSync(report) ? read(JSON.parse(readFileSync(report, 'utf8')) as never) : noCounts();
  count(title, withExit(counts, run.ok));
  console.log(`${title}: ${counts.passed} passed, ${counts.failed} failed (${seconds(run.ms)})`);
}

async function runVitest(title: string, project: string, filters: readonly string[], folder: string): Promise<void> {
  const report = join(folder, `${project}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const command = [bin('vitest'), 'run', '--project', project, ...reporters, ...filters] as const;
  await runSuite(title, command, countVitest, { env, report });
}

async function runPlaywright(files: readonly string[], folder: string): Promise<void> {
  const report = join(folder, 'e2e.json');
  const exact = files.map((path) => `${path.slice('apps/web'.length).replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`);
  const command = [bin('playwright', 'apps/web'), 'test', '--reporter=list,json', ...exact] as const;
  const extra = { PLAYWRIGHT_JSON_OUTPUT_FILE: report };
  await runSuite('End to end', command, countPlaywright, { cwd: 'apps/web', env: { ...env, ...extra }, report });
}

/** Test files by the project that runs them, after the filters. */
function selectFiles(filters: readonly string[]) {
  const chosen = (pattern: string) =>
    globSync(pattern, { cwd: root, exclude: (path) => /(^|\/)(node_modules|build|\.svelte-kit)$/.test(path) })
      .filter((path) => filters.length === 0 || filters.some((filter) => path.includes(filter)))
      .sort();
  const tests = chosen(testFiles.unit);
  return {
    unit: tests.filter((path) => !/\.(pg|svelte)\.test\.ts$/.test(path)),
    pg: tests.filter((path) => path.endsWith('.pg.test.ts')),
    browser: tests.filter((path) => path.endsWith('.svelte.test.ts')),
    e2e: chosen(testFiles.e2e),
  };
}

const filters = process.argv.slice(2).map((filter) => filter.replace(/^\.\//, ''));
if (filters.some((filter) => filter.startsWith('-'))) {
  console.log(usage);
  process.exit(filters.some((filter) => filter === '--help' || filter === '-h') ? 0 : 2);
}
const started = performance.now();
const files = selectFiles(filters);
const chosen = files.unit.length + files.pg.length + files.browser.length + files.e2e.length;
if (filters.length > 0 && chosen === 0) {
  console.log(`No test file has ${filters.map((filter) => `"${filter}"`).join(' or ')} in its path.`);
  console.log('0 passed, 1 failed, 0 skipped');
  process.exit(1);
}

stopWithChildren();
const env: Record<string, string> = {};
// It may have to be fetched, which takes as long as all the checks.
const bringingChromium = files.browser.length + files.e2e.length > 0 ? findChromium() : null;
const folder = mkdtempSync(join(tmpdir(), 'manara-test-'));
try {
  if (filters.length > 0) {
    console.log('With a filter only the chosen test files run: no format, lint, dependency, repository or type check.');
  } else {
    // SvelteKit's generated types: without them nothing of the app can be checked.
    const sync = await runCommand(bin('svelte-kit', 'apps/web'), ['sync'], { cwd: 'apps/web', output: 'keep' });
    if (!sync.ok) fail('svelte-kit sync', sync.text);
    await runStaticChecks(staticChecks());
  }
  const needApp = [...files.unit, ...files.pg, ...files.e2e].some((path) => /^(apps|services|bench)\//.test(path));
  if (needApp) await buildTheApp();
  if (files.unit.length > 0) await runVitest('Unit and property', 'unit', filters, folder);
  if (files.pg.length > 0) await runVitest('Postgres', 'pg', filters, folder);
  if (bringingChromium !== null) {
    const chromium = await bringingChromium;
    if (chromium.ok) {
      env.CHROMIUM_PATH = chromium.path;
      if (files.browser.length > 0) await runVitest('Browser', 'browser', filters, folder);
      if (files.e2e.length > 0) await runPlaywright(files.e2e, folder);
    } else {
      heading('Browser and end to end');
      fail('Chromium', chromium.reason);
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

heading(`Done in ${seconds(performance.now() - started)}`);
for (const name of sum.skippedNames) console.log(`skipped: ${name}`);
for (const failure of failures) console.log(`✗ ${failure}`);
console.log(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
process.exitCode = sum.failed > 0 ? 1 : 0;
