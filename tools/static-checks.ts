import { existsSync, globSync } from 'node:fs';
import { join } from 'node:path';
import { bin, root } from './run-command.ts';

/** One check without a running program: it passes or fails as a whole and counts as one test. */
export interface StaticCheck {
  readonly section: string;
  readonly name: string;
  readonly command: readonly [file: string, ...args: string[]];
  /** What to do about a failure, when the tool does not say. */
  readonly hint?: string;
  /** Relative to the root. */
  readonly cwd?: string;
}

const folders = ['apps', 'packages', 'services', 'bench', 'tools'];

/** All static checks, in the order in which they are shown. */
export function staticChecks(): StaticCheck[] {
  return [
    {
      section: 'Format',
      name: 'biome format',
      command: [bin('biome'), 'format', '--reporter=summary', '.'],
      hint: 'npx biome format --write . formats them.',
    },
    {
      section: 'Lint',
      name: 'biome lint',
      command: [bin('biome'), 'lint', '--error-on-warnings', '--diagnostic-level=warn', '.'],
    },
    { section: 'Lint', name: 'oxlint', command: [bin('oxlint'), '--type-aware', '--deny-warnings', '.'] },
    { section: 'Lint', name: 'eslint', command: [bin('eslint'), '--max-warnings', '0', '.'] },
    {
      section: 'Dependency rules',
      name: 'dependency-cruiser',
      command: [bin('depcruise'), '--config', '.dependency-cruiser.mjs', ...folders],
    },
    { section: 'Dependency rules', name: 'knip', command: [bin('knip'), '--no-progress'] },
    {
      section: 'Repository',
      name: 'repository checks',
      command: [process.execPath, join(root, 'tools', 'repo-checks.ts')],
    },
    ...typeChecks(),
  ];
}

/** TypeScript 7 for what is plain TypeScript, svelte-check where there are components. */
function typeChecks(): StaticCheck[] {
  const tsc = join(root, 'node_modules', '@typescript', 'native', 'bin', 'tsc');
  const plain = [
    ...globSync('{packages,services}/*/tsconfig.json', { cwd: root }).filter(
      (path) => path !== 'packages/ui/tsconfig.json',
    ),
    ...globSync('apps/web/src/service-worker/tsconfig.json', { cwd: root }),
  ];
  const checks: StaticCheck[] = ['tsconfig.json', ...plain.sort()].map((path) => ({
    section: 'Types',
    name:
      path === 'tsconfig.json'
        ? 'tests, tools and testkit'
        : path.replace(/^(packages|services)\/|\/tsconfig\.json$/g, ''),
    command: [process.execPath, tsc, '-p', path, '--pretty', 'false'],
  }));
  const browserTests = globSync('{packages,apps}/*/src/**/*.svelte.test.ts', { cwd: root });
  const svelte = [
    ...(browserTests.length > 0 ? ([['.', 'tsconfig.browser-tests.json']] as const) : []),
    ['packages/ui', 'tsconfig.json'],
    ['packages/modules', 'tsconfig.ui.json'],
    ['apps/web', 'tsconfig.json'],
  ] as const;
  for (const [folder, config] of svelte) {
    if (!existsSync(join(root, folder, config))) continue;
    // TypeScript 7 reads a component of another package as `any`: wrong props would pass. Only `ui` imports none.
    const faster = folder === 'packages/ui' ? ['--tsgo'] : [];
    const args = ['--tsconfig', `./${config}`, ...faster, '--fail-on-warnings', '--output', 'human'];
    const name = `svelte-check ${folder === '.' ? 'browser tests' : folder}`;
    checks.push({ section: 'Types', name, command: [bin('svelte-check', 'apps/web'), ...args], cwd: folder });
  }
  return checks;
}
