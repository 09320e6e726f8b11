import { expect, test } from 'vitest';
import { clientAddressBehind } from './auth-client-address.ts';

test('with no trusted proxy the header is ignored', () => {
  const address = clientAddressBehind([]);
  expect(address('203.0.113.9', '198.51.100.1')).toBe('203.0.113.9');
  expect(address('::ffff:203.0.113.9', '198.51.100.1')).toBe('203.0.113.9');
});

test('behind trusted proxies it is the last address that they did not write themselves', () => {
  const address = clientAddressBehind(['10.0.0.0/8', 'fd00::1']);
  expect(address('10.0.0.1', '198.51.100.1')).toBe('198.51.100.1');
  expect(address('10.0.0.1', 'made-up, 198.51.100.1, 10.2.3.4')).toBe('198.51.100.1');
  expect(address('fd00::1', '1.1.1.1, 198.51.100.1')).toBe('198.51.100.1');
  expect(address('10.0.0.1', null)).toBe('10.0.0.1');
  expect(address('10.0.0.1', '<script>')).toBe('10.0.0.1');
  expect(address('203.0.113.9', '198.51.100.1, 10.0.0.1')).toBe('203.0.113.9');
});

test('an entry that is no address is refused', () => {
  expect(() => clientAddressBehind(['proxy.example'])).toThrow();
  expect(() => clientAddressBehind(['10.0.0.0/99'])).toThrow();
});
