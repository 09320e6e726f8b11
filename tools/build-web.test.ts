import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { takeTurn, webVersion } from './build-web.ts';

const folder = mkdtempSync(join(tmpdir(), 'manara-turn-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('builds take turns', async () => {
  const file = join(folder, 'turns.sqlite');
  const order: string[] = [];
  const first = await takeTurn(file);
  const second = takeTurn(file).then((release) => {
    order.push('second in');
    release();
  });
  await new Promise((resolve) => setTimeout(resolve, 300));
  order.push('first out');
  first();
  await second;
  expect(order).toEqual(['first out', 'second in']);
});

test('the version is a short hash', () => {
  expect(webVersion()).toMatch(/^[0-9a-f]{16}$/);
});
