import { expect, test } from 'vitest';
import { readSyncConfig } from './config.ts';

const GOOD = { DATABASE_URL: 'postgres://localhost/manara', MANARA_SECRET: '0123456789abcdef0123456789abcdef' };

test('what is needed is enough, the rest has defaults', () => {
  expect(readSyncConfig(GOOD)).toEqual({
    ok: true,
    value: {
      databaseUrl: 'postgres://localhost/manara',
      secret: GOOD.MANARA_SECRET,
      host: '127.0.0.1',
      port: 4801,
      publicUrl: null,
      signup: 'open',
      trustedProxies: [],
    },
  });
});

test('everything can be set, and an empty variable counts as unset', () => {
  const read = readSyncConfig({
    ...GOOD,
    MANARA_HOST: '0.0.0.0',
    MANARA_PORT: '80',
    MANARA_PUBLIC_URL: 'https://Manara.example.org/',
    MANARA_SIGNUP: 'closed',
    MANARA_TRUSTED_PROXIES: '10.0.0.0/8, fd00::1',
  });
  expect(read).toMatchObject({
    value: {
      host: '0.0.0.0',
      port: 80,
      publicUrl: 'https://manara.example.org',
      signup: 'closed',
      trustedProxies: ['10.0.0.0/8', 'fd00::1'],
    },
  });
  expect(readSyncConfig({ ...GOOD, MANARA_SIGNUP: '' })).toMatchObject({ value: { signup: 'open' } });
});

test.each([
  ['DATABASE_URL', undefined],
  ['DATABASE_URL', 'mysql://localhost/x'],
  ['DATABASE_URL', 'localhost'],
  ['MANARA_SECRET', undefined],
  ['MANARA_SECRET', 'short'],
  ['MANARA_SECRET', '0'.repeat(40)],
  ['MANARA_PORT', '65536'],
  ['MANARA_PORT', '-1'],
  ['MANARA_PORT', '80a'],
  ['MANARA_PUBLIC_URL', 'manara.example.org'],
  ['MANARA_PUBLIC_URL', 'ftp://manara.example.org'],
  ['MANARA_PUBLIC_URL', 'https://manara.example.org/app'],
  ['MANARA_SIGNUP', 'maybe'],
  ['MANARA_TRUSTED_PROXIES', 'proxy.example'],
  ['MANARA_TRUSTED_PROXIES', '10.0.0.0/99'],
])('a wrong or missing %s is named with what to set', (name, value) => {
  const read = readSyncConfig({ ...GOOD, [name]: value });
  expect(read).toMatchObject({ ok: false, error: [expect.stringMatching(new RegExp(`^${name} .*`))] });
});

test('all that is wrong is said at once, and secrets are not repeated', () => {
  const read = readSyncConfig({ MANARA_SECRET: 'hunter2', MANARA_SIGNUP: 'x' });
  expect(read).toMatchObject({ ok: false, error: { length: 3 } });
  expect(JSON.stringify(read)).not.toContain('hunter2');
});
