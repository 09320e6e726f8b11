import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openStaticWeb, type StaticWeb } from './static-web.ts';

const INLINE = "\n  start('é');\n";
const PAGE = `<!doctype html><script>${INLINE}</script><script src="/_app/immutable/a.js" type="module"></script>`;
const FILES: Record<string, string | Buffer> = {
  '200.html': PAGE,
  '200.html.gz': gzipSync(PAGE),
  'service-worker.js': 'self.x',
  'manifest.webmanifest': '{}',
  'download.gz': 'a file of its own',
  '_app/version.json': '{}',
  '_app/immutable/a.js': 'let a;',
  '_app/immutable/a.js.br': 'brotli',
  '_app/immutable/a.js.gz': 'gzip',
  '.stamp': 'secret of the build',
};

let folder: string;
let web: StaticWeb;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'manara-web-'));
  for (const [name, content] of Object.entries(FILES)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  web = openStaticWeb(folder, () => 'request-1') as StaticWeb;
});
afterAll(() => rmSync(folder, { recursive: true }));

const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  web(new Request(`http://localhost:4310${path}`, { method, headers }));

test.each(['/', '/notes', '/missions/0198-abc', '/200.html', '/a%20b'])(
  '%s is the shell, revalidated each time',
  async (path) => {
    const response = get(path);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('no-cache');
    expect(await response.text()).toBe(PAGE);
  },
);

test.each([
  ['/service-worker.js', 'no-cache', 'text/javascript; charset=utf-8'],
  ['/manifest.webmanifest', 'no-cache', 'application/manifest+json'],
  ['/_app/version.json', 'no-cache', 'application/json'],
  ['/_app/immutable/a.js', 'public, max-age=31536000, immutable', 'text/javascript; charset=utf-8'],
])('%s is cached as %s', (path, cacheControl, type) => {
  const response = get(path);
  expect(response.status).toBe(200);
  expect(response.headers.get('cache-control')).toBe(cacheControl);
  expect(response.headers.get('content-type')).toBe(type);
});

test.each([
  ['gzip, deflate, br', 'br', 'brotli'],
  ['gzip', 'gzip', 'gzip'],
  ['br;q=0, gzip;q=0.5', 'gzip', 'gzip'],
  ['', null, 'let a;'],
  ['zstd', null, 'let a;'],
])('accepting "%s" gets %s', async (accept, encoding, body) => {
  const response = get('/_app/immutable/a.js', { 'accept-encoding': accept });
  expect(response.headers.get('content-encoding')).toBe(encoding);
  expect(response.headers.get('vary')).toBe('accept-encoding');
  expect(await response.text()).toBe(body);
});

test('what the browser has is 304, per encoding', () => {
  const etag = get('/', { 'accept-encoding': 'gzip' }).headers.get('etag') ?? '';
  expect(get('/', { 'accept-encoding': 'gzip', 'if-none-match': `W/${etag}` }).status).toBe(304);
  expect(get('/', { 'if-none-match': etag }).status).toBe(200);
});

test.each([
  '/missing.js',
  '/_app/immutable/missing',
  '/_app/immutable/a.js.br',
  '/.stamp',
  '/.git/config',
  '/..%2f..%2fetc%2fpasswd',
  '/%2e%2e/%2e%2e/etc/passwd.txt',
  '/..%5c..%5cwindows',
  '/a%00b',
  '/%E0%A4%A',
  '/v2/sync/pull',
  '/V1/me',
])('%s is 404 with the error shape', async (path) => {
  const response = get(path);
  expect(response.status).toBe(404);
  expect(await response.json()).toMatchObject({
    error: { code: 'not_found', requestId: 'request-1', retryable: false },
  });
});

test('a compressed name without a plain sibling is a file like any other', async () => {
  expect(await get('/download.gz').text()).toBe('a file of its own');
});

test('HEAD has the headers alone, writing is 405', async () => {
  const head = get('/', {}, 'HEAD');
  expect(head.headers.get('content-length')).toBe(String(Buffer.byteLength(PAGE)));
  expect(await head.text()).toBe('');
  const post = get('/notes', {}, 'POST');
  expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
});

test('the policy allows the inline scripts that the page was built with and nothing else', () => {
  const hash = createHash('sha256').update(INLINE).digest('base64');
  const policy = get('/missing.js').headers.get('content-security-policy') ?? '';
  expect(policy).toContain(`script-src 'self' 'sha256-${hash}';`);
  expect(policy).toMatch(/^default-src 'none';/);
  expect(policy).toContain("require-trusted-types-for 'script'");
  expect(policy).not.toContain('unsafe');
  expect(policy.match(/sha256-/g)).toHaveLength(1);
  for (const path of ['/', '/service-worker.js', '/missing.js']) {
    expect(get(path).headers.get('x-content-type-options')).toBe('nosniff');
    expect(get(path).headers.get('referrer-policy')).toBe('no-referrer');
    expect(get(path).headers.get('content-security-policy')).toBe(policy);
  }
});

test('nothing built is null', () => {
  expect(openStaticWeb(join(folder, '_app'), () => '')).toBeNull();
});
