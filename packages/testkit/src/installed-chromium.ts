import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** First the build for servers: the same engine without windows, which leaves a quarter of the CPU. */
const names = [
  'chromium-headless-shell',
  'chromium',
  'chromium-browser',
  'google-chrome-stable',
  'google-chrome',
  'chrome',
];

/** The program that `CHROMIUM_PATH` names, else the first Chromium on PATH; undefined leaves it to Playwright's own. */
export function installedChromium(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  const found = () => names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable);
  return process.env.CHROMIUM_PATH || found();
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
