import type { Page, Request } from '@playwright/test';
import type { Figure } from './figure.ts';
import type { Measurement } from './measurement.ts';
import { openBrowser } from './open-browser.ts';
import { buildWebApp, openSolo } from './open-solo.ts';

interface Loaded {
  readonly type: string;
  readonly path: string;
  readonly encoding: string | null;
  /** of the body, as it came over the line */
  readonly bytes: number;
}

/** After the network is quiet the page gets this much more to ask for what it loads late. */
const SETTLE_MS = 2_000;

const PARTS: readonly { readonly label: string; readonly types: readonly string[] }[] = [
  { label: 'JavaScript', types: ['script'] },
  { label: 'CSS', types: ['stylesheet'] },
  { label: 'fonts', types: ['font'] },
  { label: 'page', types: ['document'] },
];

export const firstLoad: Measurement = {
  name: 'first-load',
  title: 'First load of / with nothing cached, bytes over the line as Chromium counted them (real server)',
  async run(bench) {
    await buildWebApp(bench);
    const solo = await openSolo(bench);
    // The service worker fetches the rest of the app for offline use, in the background: no part of the first load.
    const context = await openBrowser(bench, { serviceWorkers: 'block' });
    const page = await context.newPage();
    const loaded = await loadPage(page, `${solo.url}/`);
    const figures = PARTS.map(({ label, types }) =>
      sizeOf(
        label,
        loaded.filter(({ type }) => types.includes(type)),
      ),
    );
    const known = new Set(PARTS.flatMap(({ types }) => types));
    figures.push(
      sizeOf(
        'anything else (manifest, icons, requests)',
        loaded.filter(({ type }) => !known.has(type)),
      ),
    );
    return figures;
  },
};

async function loadPage(page: Page, url: string): Promise<Loaded[]> {
  const finished: Request[] = [];
  const failed: string[] = [];
  page.on('requestfinished', (request) => finished.push(request));
  page.on('pageerror', (error) => failed.push(error.message));
  await page.goto(url, { waitUntil: 'networkidle' });
  await page.getByRole('heading').first().waitFor();
  await page.waitForTimeout(SETTLE_MS);
  if (failed.length > 0) throw new Error(`the page failed: ${failed.join('; ')}`);
  const loaded = await Promise.all(finished.map(describe));
  const plain = loaded.filter(({ type, encoding }) => type === 'script' && encoding !== 'br');
  if (plain.length > 0) throw new Error(`not sent as brotli: ${plain.map(({ path }) => path).join(', ')}`);
  return loaded;
}

async function describe(request: Request): Promise<Loaded> {
  const [response, sizes] = [await request.response(), await request.sizes()];
  return {
    type: request.resourceType(),
    path: new URL(request.url()).pathname,
    encoding: (await response?.headerValue('content-encoding')) ?? null,
    bytes: sizes.responseBodySize,
  };
}

function sizeOf(label: string, parts: readonly Loaded[]): Figure {
  const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
  const encodings = [...new Set(parts.map(({ encoding }) => encoding ?? 'plain'))].sort().join(', ');
  const note = `${parts.length} ${parts.length === 1 ? 'file' : 'files'}${encodings === '' ? '' : `, ${encodings}`}`;
  return { kind: 'size', label, unit: 'kB', value: bytes / 1000, note };
}
