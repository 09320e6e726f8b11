// A rule that cannot fire protects nothing: each is shown code that breaks it.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { cruise } from 'dependency-cruiser';
import { ESLint } from 'eslint';
import { afterAll, describe, expect, test } from 'vitest';
import { dependencyRules } from './dependency-rules.ts';
import { bin, root, runCommand } from './run-command.ts';

/** Rules without types, so that a file need not exist. */
const eslint = new ESLint({
  cwd: root,
  overrideConfig: {
    languageOptions: { parserOptions: { project: false, projectService: false } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'off',
      '@typescript-eslint/no-misused-promises': 'off',
      '@typescript-eslint/await-thenable': 'off',
      '@typescript-eslint/switch-exhaustiveness-check': 'off',
    },
  },
});

async function rulesBroken(filePath: string, code: string): Promise<string[]> {
  const [result] = await eslint.lintText(code, { filePath: join(root, filePath) });
  const messages = result?.messages ?? [];
  expect(messages.filter((message) => message.fatal).map((message) => message.message)).toEqual([]);
  return messages.map((message) => message.ruleId ?? '');
}

describe('eslint forbids', () => {
  const planted: [what: string, rule: string, path: string, code: string][] = [
    [
      'the clock in pure code',
      'no-restricted-properties',
      'packages/kernel/src/planted.ts',
      'export const at = Date.now();',
    ],
    [
      'a new Date in pure code',
      'no-restricted-syntax',
      'packages/sync-core/src/planted.ts',
      'export const at = new Date();',
    ],
    [
      'chance in pure code',
      'no-restricted-properties',
      'packages/shared-ai/src/planted.ts',
      'export const n = Math.random();',
    ],
    ['timers in pure code', 'no-restricted-globals', 'packages/modules/src/todo/planted.ts', 'setTimeout(() => 1, 5);'],
    [
      'the process in pure code',
      'no-restricted-globals',
      'packages/protocol/src/planted.ts',
      'export const e = process.env;',
    ],
    [
      'the network by another name',
      'no-restricted-globals',
      'packages/kernel/src/planted.ts',
      'globalThis.fetch("/");',
    ],
    [
      'the clock of Temporal',
      'no-restricted-properties',
      'packages/shared-ai/src/planted.ts',
      'export const t = Temporal.Now.instant();',
    ],
    [
      'timers in the sync client',
      'no-restricted-globals',
      'packages/sync-client/src/planted.ts',
      'setInterval(() => 1, 5);',
    ],
    [
      'the clock in the local database',
      'no-restricted-properties',
      'packages/local-db/src/planted.ts',
      'export const at = Date.now();',
    ],
    ['crypto in db', 'no-restricted-globals', 'packages/db/src/planted.ts', 'export const id = crypto.randomUUID();'],
    [
      'Node’s chance in db',
      'no-restricted-imports',
      'packages/db/src/planted.ts',
      "import { randomUUID } from 'node:crypto'; export const id = randomUUID();",
    ],
    [
      'the clock in the runner',
      'no-restricted-properties',
      'services/runner/src/planted.ts',
      'export const at = Date.now();',
    ],
    [
      'fetch in the sync service',
      'no-restricted-globals',
      'services/sync/src/planted.ts',
      'export const r = fetch("/");',
    ],
    ['full zod in the browser', 'no-restricted-imports', 'packages/protocol/src/planted.ts', "export * from 'zod';"],
    [
      'db in a pure package',
      'no-restricted-imports',
      'packages/shared-ai/src/planted.ts',
      "export * from '@manara/db/client';",
    ],
    [
      'the own package by name',
      'no-restricted-imports',
      'packages/kernel/src/planted.ts',
      "export * from '@manara/kernel/result';",
    ],
    [
      'dexie outside local-db',
      'no-restricted-imports',
      'packages/sync-client/src/planted.ts',
      "export * from 'dexie';",
    ],
    [
      'dexie in a component',
      'no-restricted-imports',
      'packages/modules/src/todo/ui/Planted.svelte',
      '<script lang="ts">import Dexie from "dexie"; new Dexie("x");</script>',
    ],
    ['postgres in a service', 'no-restricted-imports', 'services/runner/src/planted.ts', "export * from 'postgres';"],
    ['Node in the browser', 'no-restricted-imports', 'packages/ui/src/planted.ts', "export * from 'node:fs';"],
    ['db in the app', 'no-restricted-imports', 'apps/web/src/lib/planted.ts', "export * from '@manara/db/client';"],
    [
      'testkit in the product',
      'no-restricted-imports',
      'services/solo/src/planted.ts',
      "export * from '@manara/testkit/throwaway-postgres';",
    ],
    [
      'relative imports of .js',
      'no-restricted-imports',
      'packages/kernel/src/planted.ts',
      "export * from './result.js';",
    ],
    [
      'relative imports without extension',
      'no-restricted-imports',
      'bench/src/planted.ts',
      "export * from './result';",
    ],
    ['default exports', 'no-restricted-exports', 'packages/kernel/src/planted.ts', 'export default 1;'],
    ['any', '@typescript-eslint/no-explicit-any', 'packages/kernel/src/planted.ts', 'export const a: any = 1;'],
    [
      'raw HTML',
      'svelte/no-at-html-tags',
      'packages/ui/src/planted/Planted.svelte',
      '<script lang="ts">let { html } = $props();</script>{@html html}',
    ],
    ['files over 500 lines', 'max-lines', 'packages/db/src/planted.ts', '\n'.repeat(501)],
    ['components over 250 lines', 'max-lines', 'packages/ui/src/planted/Planted.svelte', '<p>x</p>\n'.repeat(251)],
  ];
  test.each(planted)('%s', async (_what, rule, path, code) => {
    expect(await rulesBroken(path, code)).toContain(rule);
  });
});

describe('eslint allows', () => {
  const fine: [what: string, path: string, code: string][] = [
    ['the clock in a seam file', 'services/runner/src/seams.ts', 'export const nowMs = () => Date.now();'],
    [
      'Node’s chance in a composition root',
      'services/sync/src/main.ts',
      "import { randomUUID } from 'node:crypto'; export const id = randomUUID();",
    ],
    [
      'vitest in a test beside a seam',
      'packages/db/src/embedded/planted.test.ts',
      "import { test } from 'vitest'; test('a', () => {});",
    ],
    ['the clock in a test', 'packages/sync-client/src/planted.test.ts', 'export const at = Date.now();'],
    ['a date made from a number in pure code', 'packages/kernel/src/planted.ts', 'export const at = new Date(0);'],
    ['zod/mini in pure code', 'packages/protocol/src/planted.ts', "export * from 'zod/mini';"],
    ['a lower package by name', 'packages/protocol/src/planted.ts', "export * from '@manara/kernel/result';"],
    ['timers in a component', 'packages/modules/src/todo/ui/planted.svelte.ts', 'setTimeout(() => 1, 5);'],
    [
      'components of other packages',
      'packages/modules/src/todo/ui/planted.ts',
      "export * from '@manara/ui/day/day-words';",
    ],
    ['a subpath of a library', 'services/sync/src/planted.ts', "export * from 'hono/cors';"],
  ];
  test.each(fine)('%s', async (_what, path, code) => {
    expect(await rulesBroken(path, code)).toEqual([]);
  });
});

describe('a promise that nobody waits for', () => {
  const code = 'async function work(): Promise<void> {}\nwork();\n';

  test('is forbidden in TypeScript, by oxlint', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'manara-planted-'));
    writeFileSync(join(folder, 'planted.ts'), code);
    const args = ['--type-aware', '--config', '.oxlintrc.json', '--format', 'json', folder];
    const { ok, text } = await runCommand(bin('oxlint'), args, { output: 'keep' });
    rmSync(folder, { recursive: true, force: true });
    expect(ok).toBe(false);
    expect(text).toContain('typescript(no-floating-promises)');
  });

  test('is forbidden in a component, by eslint', async () => {
    // The types of one small package are enough, and quick.
    const parserOptions = { project: './packages/ui/tsconfig.json' };
    const typed = new ESLint({ cwd: root, overrideConfig: { languageOptions: { parserOptions } } });
    const filePath = join(root, 'packages/ui/src/skeleton/Skeleton.svelte');
    const [result] = await typed.lintText(`<script lang="ts">\n${code}</script>\n`, { filePath });
    expect(result?.messages.map((message) => message.ruleId)).toContain('@typescript-eslint/no-floating-promises');
  });
});

describe('dependency-cruiser forbids', () => {
  const folder = mkdtempSync(join(root, 'tools', '.planted-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  async function cruiserRules(files: Record<string, string>): Promise<string[]> {
    rmSync(folder, { recursive: true, force: true });
    for (const [path, code] of Object.entries(files)) {
      mkdirSync(join(folder, dirname(path)), { recursive: true });
      writeFileSync(join(folder, path), code);
    }
    const { options, ...rules } = dependencyRules;
    const { tsConfig: _tsConfig, ...kept } = options ?? {};
    const roots = [...new Set(Object.keys(files).map((path) => path.split('/')[0] ?? ''))];
    const report = await cruise(roots, { ...kept, baseDir: folder, ruleSet: rules, validate: true } as never);
    if (typeof report.output === 'string') throw new Error(report.output);
    return report.output.summary.violations.map((violation) => violation.rule.name);
  }

  const planted: [what: string, rule: string, files: Record<string, string>][] = [
    [
      'a relative way into another package',
      'kernel: other packages',
      {
        'packages/kernel/src/a.ts': "export * from '../../sync-core/src/b.ts';",
        'packages/sync-core/src/b.ts': 'export const b = 1;',
      },
    ],
    [
      'types of a forbidden package',
      'sync-core: other packages',
      {
        'packages/sync-core/src/a.ts': "import type { b } from '../../db/src/b.ts'; export type C = typeof b;",
        'packages/db/src/b.ts': 'export const b = 1;',
      },
    ],
    [
      'the inside of another module',
      'modules-meet-at-the-door',
      {
        'packages/modules/src/todo/a.ts': "export * from '../notes/tools.ts';",
        'packages/modules/src/notes/tools.ts': 'export const b = 1;',
      },
    ],
    [
      'pages in the pure part of modules',
      'modules: inner folders',
      {
        'packages/modules/src/todo/a.ts': "export * from './ui/b.ts';",
        'packages/modules/src/todo/ui/b.ts': 'export const b = 1;',
      },
    ],
    [
      'the engine of sync-client in local-db',
      'local-db-knows-only-ports',
      {
        'packages/local-db/src/a.ts': "export * from '../../sync-client/src/engine.ts';",
        'packages/sync-client/src/engine.ts': 'export const b = 1;',
      },
    ],
    ['Node in pure code', 'kernel: no Node', { 'packages/kernel/src/a.ts': "export * from 'node:fs';" }],
    [
      'imports in a circle',
      'no-circular',
      {
        'services/sync/src/a.ts': "export * from './b.ts';",
        'services/sync/src/b.ts': "export * from './a.ts';",
      },
    ],
    ['imports of nothing', 'no-unresolvable', { 'services/sync/src/a.ts': "export * from './gone.ts';" }],
    [
      'a file that nothing reaches',
      'no-dead-file',
      { 'services/sync/src/main.ts': 'export const a = 1;', 'services/sync/src/dead.ts': 'export const b = 1;' },
    ],
    [
      'a service in the app',
      'web: other packages',
      {
        'apps/web/src/lib/a.ts': "export * from '../../../../services/sync/src/b.ts';",
        'services/sync/src/b.ts': 'export const b = 1;',
      },
    ],
  ];
  test.each(planted)('%s', async (_what, rule, files) => {
    expect(await cruiserRules(files)).toContain(rule);
  });

  test('and nothing of what is fine', async () => {
    const files = {
      'services/sync/src/main.ts': "export * from '../../../packages/db/src/b.ts';",
      'packages/db/src/b.ts': "import fs from 'node:fs'; export * from '../../kernel/src/c.ts'; export const f = fs;",
      'packages/kernel/src/c.ts': 'export const c = 1;',
    };
    expect(await cruiserRules(files)).toEqual([]);
  });
});
