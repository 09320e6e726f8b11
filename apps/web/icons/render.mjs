// Draws the PNG icons from the SVGs. Run after changing them: CHROMIUM_PATH=... node apps/web/icons/render.mjs
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium } from '@playwright/test';

const place = (path) => fileURLToPath(new URL(path, import.meta.url));
const sheet = [
  ['../static/icon.svg', '../static/icon-192.png', 192],
  ['../static/icon.svg', '../static/icon-512.png', 512],
  ['icon-maskable.svg', '../static/icon-maskable-512.png', 512],
  ['icon-maskable.svg', '../static/apple-touch-icon.png', 180],
];

const executablePath = process.env.CHROMIUM_PATH;
const browser = await chromium.launch({ args: ['--no-sandbox'], ...(executablePath ? { executablePath } : {}) });
for (const [from, to, size] of sheet) {
  const page = await browser.newPage({ viewport: { width: size, height: size } });
  const source = Buffer.from(readFileSync(place(from))).toString('base64');
  await page.setContent(
    `<style>body{margin:0}</style><img width="${size}" height="${size}" src="data:image/svg+xml;base64,${source}">`,
  );
  await page.screenshot({ path: place(to), omitBackground: true });
  await page.close();
}
await browser.close();
