import { randomBytes } from 'node:crypto';
import { chmod, open, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** What the server needs to be itself again after a restart. */
export type Secrets = {
  /** Signs sessions. */
  secret: string;
  /** For POST /internal/tick. */
  serviceKey: string;
};

const FILE = 'secrets.json';

/** Where the secrets of a data folder are, for messages. */
export function secretsPath(dataFolder: string): string {
  return join(dataFolder, FILE);
}

/**
 * Reads the secrets of a data folder, or makes them: readable by the owner alone, and on the disk before the first
 * session is signed. The caller holds the folder's lock. Throws when the file is damaged, for new secrets would sign
 * everyone out.
 */
export async function loadSecrets(dataFolder: string): Promise<Secrets> {
  const path = secretsPath(dataFolder);
  const text = await readIfThere(path);
  if (text !== null) return parse(path, text);
  const secrets: Secrets = { secret: draw(), serviceKey: draw() };
  const draft = `${path}.new`;
  const file = await open(draft, 'w', 0o600);
  await file.writeFile(`${JSON.stringify(secrets, null, 2)}\n`);
  await file.sync();
  await file.close();
  await chmod(draft, 0o600); // An older draft may have had other rights.
  await rename(draft, path);
  const folder = await open(dirname(path), 'r');
  await folder.sync();
  await folder.close();
  return secrets;
}

function draw(): string {
  return randomBytes(32).toString('base64url');
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function parse(path: string, text: string): Secrets {
  try {
    const { secret, serviceKey } = JSON.parse(text) as Partial<Secrets>;
    if (isStrong(secret) && isStrong(serviceKey)) return { secret, serviceKey };
  } catch {
    // Said below.
  }
  throw new Error(`${path} is damaged. Put it back from a backup, or delete it: everyone then has to sign in again.`);
}

function isStrong(value: unknown): value is string {
  return typeof value === 'string' && value.length >= 32;
}
