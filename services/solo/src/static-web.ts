import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import { ERROR_STATUS, type ErrorBody, type ErrorCode, isRetryable } from '@manara/protocol/error';
import { contentSecurityPolicy } from './content-security-policy.ts';

/** Answers requests for the built web app. */
export type StaticWeb = (request: Request) => Response;

/** The page that serves every address of the app. */
const SHELL = '/200.html';
/** Their names change with their content. */
const IMMUTABLE = '/_app/immutable/';
/** Smaller first. */
const ENCODINGS = [
  { name: 'br', suffix: '.br' },
  { name: 'gzip', suffix: '.gz' },
] as const;

const TYPE_BY_EXTENSION: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
};

type Variant = { body: Uint8Array<ArrayBuffer>; etag: string };
type Asset = {
  type: string;
  cacheControl: string;
  plain: Variant;
  /** By the name of the content coding. */
  encoded: Partial<Record<(typeof ENCODINGS)[number]['name'], Variant>>;
};

/**
 * Serves a folder built by adapter-static, from memory (a few megabytes): a file by its exact path, and the shell for
 * every other address that has no extension. What is not in the folder at the start cannot be reached. Null when
 * nothing was built.
 */
export function openStaticWeb(folder: string, newRequestId: () => string): StaticWeb | null {
  if (!existsSync(join(folder, SHELL))) return null;
  const assets = readAssets(folder);
  const shell = assets.get(SHELL) as Asset;
  const always = {
    'content-security-policy': contentSecurityPolicy(new TextDecoder().decode(shell.plain.body)),
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'cross-origin-opener-policy': 'same-origin',
  };
  const refuse = (code: ErrorCode, message: string, headers: Record<string, string> = {}) => {
    const body: ErrorBody = { error: { code, message, requestId: newRequestId(), retryable: isRetryable(code) } };
    return Response.json(body, {
      status: ERROR_STATUS[code],
      headers: { ...always, ...headers, 'cache-control': 'no-store' },
    });
  };

  return (request) => {
    const path = decodePath(request.url);
    const asset = path === null ? undefined : (assets.get(path) ?? (isPage(path) ? shell : undefined));
    if (!asset) return refuse('not_found', 'There is nothing at this address.');
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return refuse('method_not_allowed', 'Pages can only be read.', { allow: 'GET, HEAD' });
    }
    return answer(request, asset, always);
  };
}

function answer(request: Request, asset: Asset, always: Record<string, string>): Response {
  const accepted = acceptedEncodings(request.headers.get('accept-encoding') ?? '');
  const coding = ENCODINGS.find(({ name }) => accepted.has(name) && asset.encoded[name])?.name;
  const variant = (coding && asset.encoded[coding]) ?? asset.plain;
  const headers = new Headers({
    ...always,
    'cache-control': asset.cacheControl,
    'content-type': asset.type,
    etag: variant.etag,
    vary: 'accept-encoding',
  });
  if (coding) headers.set('content-encoding', coding);
  if (matches(request.headers.get('if-none-match'), variant.etag)) {
    headers.delete('content-type');
    return new Response(null, { status: 304, headers });
  }
  headers.set('content-length', String(variant.body.length));
  return new Response(request.method === 'HEAD' ? null : variant.body, { headers });
}

function readAssets(folder: string): Map<string, Asset> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile() && !entry.name.startsWith('.'),
  );
  const pathOf = (file: (typeof files)[number]) =>
    `/${relative(folder, join(file.parentPath, file.name)).replaceAll(sep, '/')}`;
  const contentByPath = new Map(files.map((file) => [pathOf(file), readFileSync(join(file.parentPath, file.name))]));
  const assets = new Map<string, Asset>();
  for (const [path, content] of contentByPath) {
    // A compressed sibling is a form of its file and no address of its own.
    if (ENCODINGS.some(({ suffix }) => path.endsWith(suffix) && contentByPath.has(path.slice(0, -suffix.length))))
      continue;
    const asset: Asset = {
      type: TYPE_BY_EXTENSION[extname(path)] ?? 'application/octet-stream',
      cacheControl: path.startsWith(IMMUTABLE) ? 'public, max-age=31536000, immutable' : 'no-cache',
      plain: variant(content),
      encoded: {},
    };
    for (const { name, suffix } of ENCODINGS) {
      const compressed = contentByPath.get(path + suffix);
      if (compressed) asset.encoded[name] = variant(compressed);
    }
    assets.set(path, asset);
  }
  return assets;
}

function variant(content: Buffer): Variant {
  return {
    body: new Uint8Array(content),
    etag: `"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"`,
  };
}

/** The decoded path, or null when its escapes are broken or it tries to climb. */
function decodePath(url: string): string | null {
  try {
    const path = decodeURIComponent(new URL(url).pathname);
    return path.includes('..') || path.includes('\\') || path.includes('\0') ? null : path;
  } catch {
    return null;
  }
}

/** The API of a version that is not here: a client must hear so, not get a page. */
const API = /^\/v\d+(\/|$)/i;

/** Addresses of the app have no extension and no dot files; a missing file must not be answered with a page. */
function isPage(path: string): boolean {
  const segments = path.split('/');
  const hasExtension = segments.at(-1)?.includes('.') === true;
  if (API.test(path)) return false;
  return !path.startsWith('/_app/') && !hasExtension && !segments.some((segment) => segment.startsWith('.'));
}

function acceptedEncodings(header: string): Set<string> {
  const accepted = new Set<string>();
  for (const part of header.toLowerCase().split(',')) {
    const [name = '', ...parameters] = part.split(';').map((text) => text.trim());
    if (!parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter))) accepted.add(name);
  }
  return accepted;
}

function matches(ifNoneMatch: string | null, etag: string): boolean {
  return (ifNoneMatch ?? '').split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag);
}
