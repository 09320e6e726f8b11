import { expect, test } from 'vitest';
import { readOptions } from './options.ts';

const read = (args: string[], env: Record<string, string> = {}) => readOptions(args, env, '/home/ada/manara');

test('with nothing said everything has a default', () => {
  expect(read([])).toMatchObject({
    ok: true,
    value: {
      host: '127.0.0.1',
      port: 4310,
      dataFolder: '/home/ada/manara/.manara',
      restored: false,
      databaseUrl: null,
      secret: null,
      serviceKeys: null,
      signup: 'open',
      model: null,
    },
  });
});

test('arguments go before the environment', () => {
  const env = { MANARA_PORT: '5000', MANARA_HOST: '10.0.0.1' };
  expect(read(['--port', '6000', '--host', '0.0.0.0', '--data', '/srv/manara'], env)).toMatchObject({
    value: { port: 6000, host: '0.0.0.0', dataFolder: '/srv/manara' },
  });
  expect(read([], env)).toMatchObject({ value: { port: 5000, host: '10.0.0.1' } });
});

test('a restore is said, and once', () => {
  expect(read(['--restored'])).toMatchObject({ value: { restored: true } });
});

test('a separator left by npm is no argument', () => {
  expect(read(['--', '--port=6000'])).toMatchObject({ value: { port: 6000 } });
});

test('help wins over whatever else is wrong', () => {
  expect(read(['--help', '--port', 'x'], { MANARA_SIGNUP: 'x' })).toEqual({ ok: true, value: 'help' });
});

test.each([
  [['--port', 'x'], {}, '--port is not a port'],
  [['--port', '70000'], {}, '--port is not a port'],
  [['--port', ''], {}, '--port has no value'],
  [['--data='], {}, '--data has no value'],
  [['--prot', '1'], {}, "Unknown option '--prot'"],
  [['serve'], {}, "Unexpected argument 'serve'"],
  [[], { MANARA_PORT: 'x' }, 'MANARA_PORT'],
  [[], { DATABASE_URL: 'nonsense' }, 'DATABASE_URL'],
  [[], { MANARA_SERVICE_KEYS: 'short' }, 'MANARA_SERVICE_KEYS'],
  [[], { OPENAI_BASE_URL: 'http://x/v1' }, 'MANARA_MODEL'],
  [[], { MANARA_TICK_MS: '1' }, 'MANARA_TICK_MS'],
] as [string[], Record<string, string>, string][])('%s %s is refused in words', (args, env, words) => {
  expect(read(args, env)).toMatchObject({ ok: false, error: [expect.stringContaining(words)] });
});

test('all that is wrong is said at once', () => {
  expect(read(['--port', 'x'], { MANARA_SIGNUP: 'x', MANARA_SECRET: 'x' })).toMatchObject({ error: { length: 3 } });
});
