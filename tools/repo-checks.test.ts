import { describe, expect, test } from 'vitest';
import { checkRepository } from './repo-checks.ts';

const good: Record<string, string> = {
  'README.md': '# Manara\n\n```sh\nnpm start\nnpm test\n```\n\nSee [the docs](docs/a.md#how-it-works).\n',
  'docs/a.md': '# A\n\n## How it works\n\n[back](../README.md) and `[code](nowhere)`\n',
  'package.json': '{"scripts":{"start":"x","test":"y"}}',
  'packages/kernel/package.json': '{"name":"@manara/kernel","exports":{"./result":"./src/result.ts"}}',
  'packages/kernel/src/result.ts': 'export const a = 1;\n',
  'packages/ui/package.json': '{"name":"@manara/ui"}',
  'apps/web/e2e/a.ts':
    "page.getByRole('button', { name: /^Approve/ }); page.getByRole('link', { name: 'Todo', exact: true }); page.getByRole('dialog');",
  'packages/ui/src/show.ts': "import '@manara/kernel/result';\n",
};

function findings(changes: Record<string, string> = {}): string[] {
  const files = { ...good, ...changes };
  return checkRepository({
    files: Object.keys(files),
    read: (path) => files[path] ?? '',
    has: (path) => path in files || Object.keys(files).some((file) => file.startsWith(`${path}/`)),
  });
}

test('a repository in order', () => {
  expect(findings()).toEqual([]);
});

describe('finds', () => {
  const planted: [what: string, changes: Record<string, string>, found: RegExp][] = [
    ['a dead link', { 'docs/b.md': '[x](gone.md)' }, /gone\.md leads nowhere/],
    ['a dead anchor', { 'docs/b.md': '[x](a.md#gone)' }, /no heading #gone/],
    ['a command that does not exist', { 'README.md': '```sh\nnpm run gone\n```\n' }, /no script gone/],
    ['a program that does not exist', { 'README.md': '```sh\nnode tools/gone.ts\n```\n' }, /no tools\/gone\.ts/],
    [
      'a registry in a lockfile',
      { 'pnpm-lock.yaml': 'tarball: https://registry.example/x.tgz' },
      /where packages come from/,
    ],
    ['a resolved entry', { 'tools/package-lock.json': '{"resolved":"x"}' }, /where packages come from/],
    [
      'a test that hides the others',
      { 'packages/kernel/src/a.test.ts': 'test.on' + 'ly("x", f);' },
      /hides every other/,
    ],
    [
      'a disabled rule without a reason',
      { 'packages/kernel/src/a.ts': '// eslint-dis' + 'able-next-line eqeqeq' },
      /says why/,
    ],
    [
      'a name that finds longer ones',
      { 'apps/web/e2e/a.e2e.ts': "page.getByRole('button', { name: `Approve` }).click();" },
      /a\.e2e\.ts:1: a name without exact/,
    ],
    ['a label that finds longer ones', { 'apps/web/e2e/a.ts': "\npage.getByLabel('Note')" }, /a\.ts:2: a name/],
    ['camelCase files', { 'packages/kernel/src/someFile.ts': '' }, /kebab-case/],
    ['components in lower case', { 'packages/ui/src/button.svelte': '' }, /PascalCase/],
    ['buckets', { 'packages/kernel/src/utils.ts': '' }, /bucket/],
    ['barrels', { 'packages/kernel/src/index.ts': '' }, /barrel/],
    ['packages without sources', { 'packages/empty/package.json': '{}' }, /no src/],
    [
      'a public file that nobody imports',
      { 'packages/ui/package.json': '{"name":"@manara/ui","exports":{"./show":"./src/show.ts"}}' },
      /no other package imports @manara\/ui\/show/,
    ],
    [
      'an import of what is not public',
      { 'packages/ui/src/more.ts': "import '@manara/" + "kernel/secret';" },
      /more\.ts imports @manara\/kernel\/secret/,
    ],
  ];
  test.each(planted)('%s', (_what, changes, found) => {
    const list = findings(changes);
    expect(list).toHaveLength(1);
    expect(list[0]).toMatch(found);
  });
});
