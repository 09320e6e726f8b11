import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { units } from './boundaries.ts';
import { boundaryTable } from './boundary-table.ts';
import { unitOf } from './find-unit.ts';
import { root } from './run-command.ts';

test('docs/architecture.md carries the table', () => {
  expect(readFileSync(join(root, 'docs/architecture.md'), 'utf8')).toContain(boundaryTable());
});

test('every package, service and app belongs to a unit', () => {
  const sources = globSync('{apps,packages,services}/*/src', { cwd: root });
  expect(sources.length).toBeGreaterThan(10);
  expect(sources.filter((folder) => !unitOf(`${folder}/some-file.ts`))).toEqual([]);
});

test('a nested folder has its own rules', () => {
  expect(unitOf('packages/modules/src/todo/tools.ts')?.name).toBe('modules');
  expect(unitOf('packages/modules/src/todo/ui/todo-page.svelte.ts')?.name).toBe('modules/ui');
  expect(unitOf('packages/local-db/src/svelte/live-query.svelte.ts')?.name).toBe('local-db/svelte');
  expect(unitOf('apps/web/src/service-worker/index.ts')?.name).toBe('service-worker');
});

test('units name only units that exist', () => {
  const names = new Set(units.map((unit) => unit.name));
  expect(units.flatMap((unit) => unit.units).filter((name) => name !== '*' && !names.has(name))).toEqual([]);
});

test('a pure unit may import pure units only', () => {
  const pure = units.filter((unit) => unit.ambience === 'pure');
  const names = new Set(pure.map((unit) => unit.name));
  expect(pure.length).toBe(5);
  expect(pure.flatMap((unit) => unit.units).filter((name) => !names.has(name))).toEqual([]);
});

test('a package lists no workspace package that its units may not import', () => {
  const wrong: string[] = [];
  for (const path of globSync('{packages,services,apps}/*/package.json', { cwd: root })) {
    const manifest = JSON.parse(readFileSync(join(root, path), 'utf8')) as { dependencies?: Record<string, string> };
    const folder = path.replace('/package.json', '/');
    const own = units.filter((unit) => unit.paths.some((source) => source.startsWith(folder)));
    if (own.some((unit) => unit.units.includes('*'))) continue;
    const allowed = new Set(own.flatMap((unit) => unit.units.map((name) => name.split('/')[0])));
    for (const name of Object.keys(manifest.dependencies ?? {})) {
      const other = name.startsWith('@manara/') ? name.slice('@manara/'.length) : undefined;
      if (other && !allowed.has(other)) wrong.push(`${path}: ${name}`);
    }
  }
  expect(wrong).toEqual([]);
});
