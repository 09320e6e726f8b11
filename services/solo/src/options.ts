import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { err, ok, type Result } from '@manara/kernel/result';
import { readModelConfig, readServiceKeys, readTiming } from '@manara/runner/config';
import type { ModelConfig } from '@manara/runner/model/model-config';
import {
  allOrErrors,
  type Environment,
  parsePort,
  readDatabaseUrl,
  readHost,
  readPort,
  readPublicUrl,
  readSecret,
  readSignup,
  readTrustedProxies,
} from '@manara/sync/config';

type Read<T> = Result<T, readonly string[]>;

/** What `npm start` runs with: arguments first, then the environment, then what is made in the data folder. */
export type SoloOptions = {
  readonly host: string;
  readonly port: number;
  /** Absolute path of the data folder. */
  readonly dataFolder: string;
  /** The data was copied back from a backup. */
  readonly restored: boolean;
  /** Null: the embedded database in the data folder. */
  readonly databaseUrl: string | null;
  readonly publicUrl: string | null;
  readonly signup: 'open' | 'closed';
  /** Null: the one kept in the data folder. */
  readonly secret: string | null;
  /** Null: the one kept in the data folder. */
  readonly serviceKeys: readonly string[] | null;
  readonly trustedProxies: readonly string[];
  readonly timing: { readonly tickMs: number; readonly leaseMs: number };
  /** Null: missions are planned by rules. */
  readonly model: ModelConfig | null;
};

export const SOLO_PORT = 4310;
const DATA_FOLDER = '.manara';

export const HELP = `Manara: sync service, mission runner and web app in one process.

Usage: npm start -- [options]

  --port <number>   port to listen on (MANARA_PORT, else ${SOLO_PORT}; 0 takes any free one)
  --host <address>  address to listen on (MANARA_HOST, else 127.0.0.1; 0.0.0.0 lets other machines in)
  --data <folder>   where data, sessions and secrets are kept (${DATA_FOLDER})
  --restored        say this once when the data was copied back from a backup: devices send what it lacks
  --help            show this

Environment, all optional:

  MANARA_MODEL            name of a model: missions are then planned by it, else by rules
  OPENAI_BASE_URL         where the model is, any OpenAI-compatible server (OpenAI's when only a key is set)
  OPENAI_API_KEY          the model's key; most local servers need none
  DATABASE_URL            postgres://user:password@host/database, instead of the embedded database
  MANARA_PUBLIC_URL       address under which people reach this server, like https://manara.example.org
  MANARA_SIGNUP           open or closed (open)
  MANARA_SECRET           signs sessions (made and kept in the data folder)
  MANARA_SERVICE_KEYS     one or two keys for POST /internal/tick (made and kept in the data folder)
  MANARA_TRUSTED_PROXIES  addresses or CIDR ranges of proxies whose X-Forwarded-For is believed
  MANARA_TICK_MS          how often due missions are looked for, in ms
  MANARA_LEASE_MS         how long a run is held without a sign of life, in ms
  VALKEY_URL              not used: servers that share a Postgres tell each other there what is new`;

/** `help` when that is asked for. All errors at once, each a line that says what to set. */
export function readOptions(args: readonly string[], env: Environment, folder: string): Read<SoloOptions | 'help'> {
  const parsed = parse(args);
  if (!parsed.ok) return parsed;
  const { help, port, host, data, restored = false } = parsed.value;
  if (help) return ok('help');
  return allOrErrors<SoloOptions>({
    host: host === undefined ? readHost(env) : ok(host),
    port: port === undefined ? readPort(env, SOLO_PORT) : readPortArgument(port),
    dataFolder: ok(resolve(folder, data ?? DATA_FOLDER)),
    restored: ok(restored),
    databaseUrl: readDatabaseUrl(env),
    publicUrl: readPublicUrl(env),
    signup: readSignup(env),
    secret: readSecret(env),
    serviceKeys: env.MANARA_SERVICE_KEYS?.trim() ? readServiceKeys(env) : ok(null),
    trustedProxies: readTrustedProxies(env),
    timing: readTiming(env),
    model: readModelConfig(env),
  });
}

function parse(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      // `npm start -- --port 1` may arrive with the separator still in it.
      args: args.filter((arg) => arg !== '--'),
      options: {
        port: { type: 'string' },
        host: { type: 'string' },
        data: { type: 'string' },
        restored: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    const empty = (['port', 'host', 'data'] as const).find((name) => values[name]?.trim() === '');
    return empty ? err([`--${empty} has no value. See --help.`]) : ok(values);
  } catch (error) {
    return err([`${(error as Error).message.split('. ')[0]}. See --help.`]);
  }
}

function readPortArgument(text: string): Read<number> {
  const port = parsePort(text);
  return port === null ? err([`--port is not a port from 0 to 65535: ${JSON.stringify(text)}.`]) : ok(port);
}
