import { expect, test } from 'vitest';
import { isSecureHost, judgeOrigin } from './auth-origin.ts';

const judge = (host: string, origin: string | null, publicUrl: string | null = null, cookie = true) => {
  const headers = new Headers({ host });
  if (origin !== null) headers.set('origin', origin);
  if (cookie) headers.set('cookie', 'manara.session_token=x');
  return judgeOrigin(headers, publicUrl);
};
const PUBLIC = 'https://manara.example.org';

test.each([
  ['localhost:4310', 'http://localhost:4310'],
  ['127.0.0.1:4310', 'http://localhost:4310'],
  ['localhost:4310', 'http://127.0.0.1:4310'],
  ['[::1]:4310', 'http://localhost:4310'],
  ['localhost:4310', 'http://[::1]:4310'],
  ['app.localhost:4310', 'http://127.0.0.2:4310'],
  ['localhost', 'http://localhost'],
  ['localhost:80', 'http://localhost'],
  ['192.168.1.20:4310', 'http://192.168.1.20:4310'],
  ['[fd00::5]:4310', 'http://[fd00::5]:4310'],
])('Host %s is one origin with %s', (host, origin) => {
  expect(judge(host, origin)).toBeNull();
});

test.each([
  ['localhost:4310', 'http://localhost:3000'],
  ['localhost:4310', 'https://localhost:4310'],
  ['localhost:4310', 'http://evil.example'],
  ['localhost:4310', 'http://localhost.evil.example:4310'],
  ['localhost:4310', 'http://127.0.0.1.evil.example:4310'],
  ['localhost:4310', 'null'],
  ['localhost:4310', ''],
  ['localhost:4310', 'http://localhost:4310/path'],
  ['localhost:4310', 'http://user@localhost:4310'],
  ['192.168.1.20:4310', 'http://192.168.1.21:4310'],
  ['192.168.1.20:4310', 'http://localhost:4310'],
  ['evil.example:4310', 'http://evil.example:4310'],
  ['manara.example.org', 'https://manara.example.org'],
  ['localhost:4310@evil.example', 'http://evil.example'],
  ['localhost:99999', 'http://localhost:4310'],
])('Host %s is not %s', (host, origin) => {
  expect(judge(host, origin)).toBe('forbidden_origin');
});

test('the public URL is an origin of its own, with its scheme', () => {
  expect(judge('manara.example.org', 'https://manara.example.org', PUBLIC)).toBeNull();
  expect(judge('manara.example.org:443', 'https://manara.example.org', PUBLIC)).toBeNull();
  expect(judge('manara.example.org', 'http://manara.example.org', PUBLIC)).toBe('forbidden_origin');
  expect(judge('manara.example.org', 'https://other.example.org', PUBLIC)).toBe('forbidden_origin');
  expect(judge('localhost:4310', 'http://localhost:4310', PUBLIC)).toBeNull();
});

test('without a cookie, or without an Origin, there is nothing to judge', () => {
  expect(judge('localhost:4310', 'http://evil.example', null, false)).toBeNull();
  expect(judge('evil.example', null)).toBeNull();
});

test('a request is secure when it came by an https public URL', () => {
  expect(isSecureHost('manara.example.org', PUBLIC)).toBe(true);
  expect(isSecureHost('localhost:4310', PUBLIC)).toBe(false);
  expect(isSecureHost('manara.example.org', 'http://manara.example.org')).toBe(false);
  expect(isSecureHost('localhost', null)).toBe(false);
});
