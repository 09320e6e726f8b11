import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { addTodo, expect, readyForOffline, test } from './fixtures.ts';
import type { SoloServer } from './solo-server.ts';

const WORKER = '/service-worker.js';

/** The server as its owner updates it: after `deploy` its service worker is that of a later build. */
async function updatable(solo: SoloServer) {
  let version: string | null = null;
  const server = createServer(async (asked, answer) => {
    const headers = asked.url === WORKER ? { ...asked.headers, 'accept-encoding': 'identity' } : asked.headers;
    const passed = request(`${solo.url}${asked.url}`, { method: asked.method ?? 'GET', headers });
    passed.on('error', () => answer.destroy());
    asked.pipe(passed);
    passed.on('response', async (response) => {
      if (asked.url !== WORKER || version === null) {
        answer.writeHead(response.statusCode ?? 500, response.headers);
        response.pipe(answer);
        return;
      }
      const { 'content-length': _, etag: _etag, ...kept } = response.headers;
      answer.writeHead(200, kept).end((await text(response)).replace(/version:`\w+`/, `version:\`${version}\``));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    deploy: (next: string) => {
      version = next;
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

test('a new version waits for its user, and takes nothing from a tab that is being used', async ({
  newDevice,
  solo,
}) => {
  const site = await updatable(solo);
  const { page, context } = await newDevice('/todo', { server: { ...solo, url: site.url } });
  await readyForOffline(page);
  await addTodo(page, 'Keep me');
  const other = await context.newPage();
  await other.goto('/notes');
  await other.evaluate(() => Object.assign(window, { here: true }));

  site.deploy('laterbuild');
  // As when somebody comes back to the tab.
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
  await expect(page.getByText('Update ready.')).toBeVisible();
  await page.evaluate(() => Object.assign(window, { here: true }));
  await page.getByRole('button', { name: 'Reload', exact: true }).click();
  await expect.poll(() => page.evaluate(() => 'here' in window).catch(() => true)).toBe(false);
  await expect(page.getByRole('button', { name: 'Keep me', exact: true })).toBeVisible();
  await expect(page.getByText('Update ready.')).toBeHidden();
  expect(await page.evaluate(() => caches.keys())).toEqual(['shell-laterbuild']);

  // The other tab goes on as it is, and loads the new version when it goes somewhere.
  expect(await other.evaluate(() => 'here' in window)).toBe(true);
  await other.getByRole('link', { name: 'Todo', exact: true }).first().click();
  await expect(other.getByRole('button', { name: 'Keep me', exact: true })).toBeVisible();
  expect(await other.evaluate(() => 'here' in window)).toBe(false);
  await site.close();
});
