import type { HttpBindings } from '@hono/node-server';
import { expect, test } from 'vitest';
import { routeRequests } from './route-requests.ts';

const named = (name: string) => () => new Response(name);
const route = routeRequests({ sync: named('sync'), tick: named('tick'), web: named('web') });

/** Who answers a request line's target; the URL is made of it as the server makes it. */
async function answeredBy(target: string): Promise<string> {
  const env = { incoming: { url: target } } as HttpBindings;
  return (await route(new Request(new URL(target, 'http://localhost')), env)).text();
}

test.each([
  ['/', 'web'],
  ['/notes/5', 'web'],
  ['/v1notes', 'web'],
  ['/v1/me?a=..%2f', 'sync'],
  ['/notes?q=../..', 'web'],
  ['/healthz', 'sync'],
  ['/internal/tick', 'tick'],
])('%s is for %s', async (target, part) => {
  expect(await answeredBy(target)).toBe(part);
});

test.each([
  '/v1/%2e%2e/me',
  '/%2e%2e/%2e%2e/etc/passwd',
  '/../../etc/passwd',
  '/%252e%252e/etc/passwd',
  '/internal/%2E%2E/etc/passwd',
  '/assets/..%2f..%2fpackage.json',
  '/%00',
])('%s is no page: the sync service refuses it', async (target) => {
  expect(await answeredBy(target)).toBe('sync');
});
