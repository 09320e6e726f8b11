import { BlockList, isIP } from 'node:net';
import { err, ok, type Result } from '@manara/kernel/result';

export type Environment = Readonly<Record<string, string | undefined>>;
/** Variables that are missing or wrong, each a line that names it and says what to set. */
type Read<T> = Result<T, readonly string[]>;

/** What the sync service needs; solo has the same, but for the database and the secret, which it can make. */
export interface SyncConfig {
  readonly databaseUrl: string;
  readonly host: string;
  readonly port: number;
  /** Origin under which people reach the server, like https://manara.example.org; null: this machine only */
  readonly publicUrl: string | null;
  readonly signup: 'open' | 'closed';
  /** Signs sessions. */
  readonly secret: string;
  readonly trustedProxies: readonly string[];
}

export const SYNC_PORT = 4801;
const SECRET_CHARS_MIN = 16;

/** The documented schema of the environment; `--help` prints it. */
export const ENVIRONMENT_HELP = `  DATABASE_URL            postgres://user:password@host/database (needed)
  MANARA_SECRET           signs sessions, ${SECRET_CHARS_MIN} characters or more (needed)
  MANARA_HOST             address to listen on (127.0.0.1)
  MANARA_PORT             port to listen on (${SYNC_PORT})
  MANARA_PUBLIC_URL       address under which people reach this server, like https://manara.example.org
  MANARA_SIGNUP           open or closed (open)
  MANARA_TRUSTED_PROXIES  addresses or CIDR ranges of proxies whose X-Forwarded-For is believed, comma-separated`;

/** All errors at once, so that they are mended in one go. */
export function readSyncConfig(env: Environment): Read<SyncConfig> {
  const read = {
    databaseUrl: readNeeded(
      readDatabaseUrl(env),
      'DATABASE_URL is missing: set postgres://user:password@host/database.',
    ),
    host: readHost(env),
    port: readPort(env, SYNC_PORT),
    publicUrl: readPublicUrl(env),
    signup: readSignup(env),
    secret: readNeeded(
      readSecret(env),
      `MANARA_SECRET is missing: set ${SECRET_CHARS_MIN} or more random characters, the same on every instance.`,
    ),
    trustedProxies: readTrustedProxies(env),
  };
  return allOrErrors(read);
}

/** Joins single results: all values, or all errors. */
export function allOrErrors<T extends object>(read: { readonly [K in keyof T]: Read<T[K]> }): Read<T> {
  const entries = Object.entries(read) as [string, Read<unknown>][];
  const errors = entries.flatMap(([, result]) => (result.ok ? [] : result.error));
  if (errors.length > 0) return err(errors);
  return ok(Object.fromEntries(entries.map(([name, result]) => [name, result.ok && result.value])) as T);
}

export function readDatabaseUrl(env: Environment): Read<string | null> {
  const text = filled(env.DATABASE_URL);
  if (text === undefined) return ok(null);
  const protocol = URL.parse(text)?.protocol;
  if (protocol === 'postgres:' || protocol === 'postgresql:') return ok(text);
  return err(['DATABASE_URL is not the address of a Postgres: set postgres://user:password@host/database.']);
}

export function readHost(env: Environment): Read<string> {
  return ok(filled(env.MANARA_HOST) ?? '127.0.0.1');
}

export function readPort(env: Environment, fallback: number): Read<number> {
  const text = filled(env.MANARA_PORT);
  const port = parsePort(text ?? String(fallback));
  return port === null ? err([`MANARA_PORT is not a port from 0 to 65535: ${JSON.stringify(text)}.`]) : ok(port);
}

/** A port number, 0 for any free one, or null. */
export function parsePort(text: string): number | null {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  return port >= 0 && port <= 65_535 ? port : null;
}

/** Only the origin counts: paths are the app's own. */
export function readPublicUrl(env: Environment): Read<string | null> {
  const text = filled(env.MANARA_PUBLIC_URL);
  if (text === undefined) return ok(null);
  const url = URL.parse(text);
  const isOrigin = url && /^https?:$/.test(url.protocol) && url.pathname === '/' && !url.search && !url.hash;
  if (isOrigin && !url.username && !url.password) return ok(url.origin);
  return err(['MANARA_PUBLIC_URL is not an address without a path: set one like https://manara.example.org.']);
}

export function readSignup(env: Environment): Read<'open' | 'closed'> {
  const text = filled(env.MANARA_SIGNUP) ?? 'open';
  if (text === 'open' || text === 'closed') return ok(text);
  return err([`MANARA_SIGNUP is neither open nor closed: ${JSON.stringify(text)}.`]);
}

export function readSecret(env: Environment): Read<string | null> {
  const text = filled(env.MANARA_SECRET);
  if (text === undefined) return ok(null);
  const isGuessable = text.length < SECRET_CHARS_MIN || new Set(text).size < 4;
  return isGuessable
    ? err([`MANARA_SECRET is too weak: set ${SECRET_CHARS_MIN} or more random characters.`])
    : ok(text);
}

export function readTrustedProxies(env: Environment): Read<readonly string[]> {
  const entries = (filled(env.MANARA_TRUSTED_PROXIES) ?? '').split(',').flatMap((entry) => filled(entry) ?? []);
  const wrong = entries.find((entry) => !isAddressOrRange(entry));
  if (wrong === undefined) return ok(entries);
  return err([
    `MANARA_TRUSTED_PROXIES holds ${JSON.stringify(wrong)}: set IP addresses or CIDR ranges, comma-separated.`,
  ]);
}

function isAddressOrRange(entry: string): boolean {
  const [address = '', prefix, ...rest] = entry.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  if (prefix === undefined) return true;
  if (!/^\d{1,3}$/.test(prefix)) return false;
  try {
    new BlockList().addSubnet(address, Number(prefix), version === 6 ? 'ipv6' : 'ipv4');
    return true;
  } catch {
    return false;
  }
}

function readNeeded<T>(read: Read<T | null>, missing: string): Read<T> {
  if (!read.ok) return read;
  return read.value === null ? err([missing]) : ok(read.value);
}

/** An empty variable is an unset one, as in compose files. */
function filled(text: string | undefined): string | undefined {
  return text?.trim() || undefined;
}
