// The services never load what belongs to the browser, whatever the way there: types, dynamic imports, packages in between.
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { root } from './run-command.ts';

const options: ts.CompilerOptions = {
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  allowImportingTsExtensions: true,
};

/** Every file and package that the given files import, directly or not; files of the workspace are followed. */
function reach(entries: readonly string[]): { files: Set<string>; packages: Set<string> } {
  const files = new Set<string>();
  const packages = new Set<string>();
  const waiting = [...entries];
  for (let file = waiting.pop(); file; file = waiting.pop()) {
    if (files.has(file)) continue;
    files.add(file);
    for (const { fileName } of ts.preProcessFile(readFileSync(file, 'utf8')).importedFiles) {
      const found = ts.resolveModuleName(fileName, file, options, ts.sys, undefined, undefined, ts.ModuleKind.ESNext);
      const path = found.resolvedModule?.resolvedFileName;
      if (/\.svelte$/.test(fileName)) files.add(fileName);
      else if (path && !path.includes('/node_modules/')) waiting.push(path);
      else if (!fileName.startsWith('.')) packages.add(fileName);
    }
  }
  return { files, packages };
}

const browserOnly = /^(dexie|svelte|@lucide\/svelte|@sveltejs\/.*|fake-indexeddb)(\/|$)|^\$app\//;

test('no component and no browser database in the services’ module graph', () => {
  const entries = globSync('services/*/src/**/*.ts', { cwd: root })
    .filter((path) => !path.endsWith('.test.ts'))
    .map((path) => join(root, path));
  expect(entries.length).toBeGreaterThan(0);
  const { files, packages } = reach(entries);
  expect([...files].filter((path) => /\.svelte(\.ts)?$|\/packages\/(local-db|ui|sync-client)\//.test(path))).toEqual(
    [],
  );
  expect([...packages].filter((name) => browserOnly.test(name))).toEqual([]);
});

test('the walk follows packages: from the app it finds both', () => {
  const entry = join(root, 'packages/local-db/src');
  if (!existsSync(entry)) throw new Error('packages/local-db/src moved: point this test at it');
  const { packages } = reach(globSync('packages/local-db/src/**/*.ts', { cwd: root }).map((path) => join(root, path)));
  expect([...packages].some((name) => browserOnly.test(name))).toBe(true);
});
