import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadSecrets, secretsPath } from './secrets.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'manara-secrets-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('secrets are made once, strong, and for the owner alone', async () => {
  const made = await loadSecrets(folder);
  expect(made.secret.length).toBeGreaterThanOrEqual(43);
  expect(made.secret).not.toBe(made.serviceKey);
  expect((await stat(secretsPath(folder))).mode & 0o777).toBe(0o600);
  expect(await loadSecrets(folder)).toEqual(made);
});

test.each(['', '{', '{}', '{"secret":"short","serviceKey":"short"}', 'null'])(
  'a damaged file (%s) is not replaced',
  async (text) => {
    await writeFile(secretsPath(folder), text);
    await expect(loadSecrets(folder)).rejects.toThrow('is damaged');
  },
);

test('a draft left by a killed start does no harm', async () => {
  await writeFile(`${secretsPath(folder)}.new`, '{"sec');
  const made = await loadSecrets(folder);
  expect(await loadSecrets(folder)).toEqual(made);
});
