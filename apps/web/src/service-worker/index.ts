import { version } from '$app/env';
import { assets, immutable } from '$app/manifest';
import { resolve } from '$app/paths';
import { self } from '$app/service-worker';

const PREFIX = 'shell-';
const CACHE = `${PREFIX}${version}`;
// resolve() is typed for this app's routes; the files of the build are plain strings.
const address = resolve as (path: string) => string;
/** The one page of the app: in none of the lists, the server answers with it for every path of the app. */
const SHELL = address('/');
const HASHED = immutable.map((file) => address(file.path));
const PLAIN = assets.map((file) => address(file.path));
const KNOWN: ReadonlySet<string> = new Set([...HASHED, ...PLAIN]);

/** Fills the new cache beside the old one. A hashed file that an older version has is taken from there, not fetched again. */
async function install(): Promise<void> {
  const cache = await caches.open(CACHE);
  const missing = await Promise.all(
    HASHED.map(async (path) => {
      const known = await caches.match(path);
      if (known) await cache.put(path, known);
      return known ? [] : [path];
    }),
  );
  const fresh = [SHELL, ...PLAIN].map((path) => new Request(path, { cache: 'reload' }));
  await cache.addAll([...missing.flat(), ...fresh]);
}

/** Older caches go only now, when no page of an older version is being served from them any more. */
async function activate(): Promise<void> {
  for (const key of await caches.keys()) {
    if (key.startsWith(PREFIX) && key !== CACHE) await caches.delete(key);
  }
  await self.clients.claim();
}

async function fromCache(key: string, request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  return (await cache.match(key)) ?? fetch(request);
}

self.addEventListener('install', (event) => event.waitUntil(install()));
self.addEventListener('activate', (event) => event.waitUntil(activate()));

self.addEventListener('message', (event) => {
  // Only the user's "Reload" ends the wait.
  if ((event.data as { type?: unknown } | null)?.type === 'SKIP_WAITING') void self.skipWaiting();
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.method !== 'GET') return;
  const url = new URL(request.url);
  // The API is never cached, nor are the server's own pages.
  if (url.origin !== self.location.origin || /^\/(v1|internal|healthz|readyz|metrics)(\/|$)/.test(url.pathname)) return;
  if (KNOWN.has(url.pathname)) event.respondWith(fromCache(url.pathname, request));
  else if (request.mode === 'navigate') event.respondWith(fromCache(SHELL, request));
});
