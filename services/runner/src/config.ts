import { err, ok, type Result } from '@manara/kernel/result';
import { MODEL_LIMITS, type ModelConfig } from './model/model-config.ts';
import { RUNNER_TUNING } from './runner-context.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** What the stand-alone runner needs. Solo reads {@link readModelConfig} alone and has its own rest. */
export interface RunnerServiceConfig {
  readonly databaseUrl: string;
  readonly host: string;
  readonly port: number;
  readonly serviceKeys: readonly string[];
  readonly tickMs: number;
  readonly leaseMs: number;
  /** null: missions are planned by rules */
  readonly model: ModelConfig | null;
}

/** One variable that is missing or wrong, as a line that says what to set. */
export type ConfigError = string;

const OPENAI = 'https://api.openai.com/v1';
const KEY_CHARS_MIN = 8;

/** The documented schema of the environment; `--help` prints it. */
export const ENVIRONMENT_HELP = `  DATABASE_URL         postgres://user:password@host/database (needed)
  MANARA_SERVICE_KEYS  one or two keys for POST /internal/tick, comma-separated, ${KEY_CHARS_MIN} characters or more each (needed)
  MANARA_HOST          address to listen on (127.0.0.1)
  MANARA_PORT          port to listen on (4802)
  MANARA_TICK_MS       how often due missions are looked for, in ms (${RUNNER_TUNING.tickMs})
  MANARA_LEASE_MS      how long a run is held without a sign of life, in ms (${RUNNER_TUNING.leaseMs})
  MANARA_MODEL         name of the model; without it missions are planned by rules
  OPENAI_BASE_URL      where the model is, any OpenAI-compatible server (${OPENAI} when only a key is set)
  OPENAI_API_KEY       the model's key; most local servers need none`;

/** All errors at once, so that they are mended in one go. */
export function readRunnerConfig(env: Environment): Result<RunnerServiceConfig, readonly ConfigError[]> {
  const databaseUrl = readDatabaseUrl(env);
  const serviceKeys = readServiceKeys(env);
  const port = readNumber(env, 'MANARA_PORT', 4802, 0, 65_535);
  const timing = readTiming(env);
  const model = readModelConfig(env);
  const errors = [databaseUrl, serviceKeys, port, timing, model].flatMap((read) => (read.ok ? [] : read.error));
  if (databaseUrl.ok && serviceKeys.ok && port.ok && timing.ok && model.ok) {
    return ok({
      databaseUrl: databaseUrl.value,
      serviceKeys: serviceKeys.value,
      port: port.value,
      ...timing.value,
      model: model.value,
      host: filled(env.MANARA_HOST) ?? '127.0.0.1',
    });
  }
  return err(errors);
}

/**
 * A model is used when MANARA_MODEL names one. A key alone sends nothing anywhere: many shells have one set for other
 * programs.
 */
export function readModelConfig(env: Environment): Result<ModelConfig | null, readonly ConfigError[]> {
  const model = filled(env.MANARA_MODEL);
  const baseUrl = filled(env.OPENAI_BASE_URL);
  const apiKey = filled(env.OPENAI_API_KEY) ?? null;
  if (model === undefined) {
    if (baseUrl === undefined) return ok(null);
    return err(['MANARA_MODEL is missing: set the name of the model to use at OPENAI_BASE_URL, or unset both.']);
  }
  if (baseUrl === undefined && apiKey === null) {
    return err(['OPENAI_BASE_URL is missing: set the address of the model server (or OPENAI_API_KEY to use OpenAI).']);
  }
  const url = URL.parse(baseUrl ?? OPENAI);
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    return err(['OPENAI_BASE_URL is not an address: set one like http://127.0.0.1:11434/v1.']);
  }
  // fetch refuses a user and password in the address, and a log might not.
  if (url.username || url.password) return err(['OPENAI_BASE_URL holds a password: set OPENAI_API_KEY instead.']);
  return ok({ baseUrl: url.href.replace(/\/$/, ''), apiKey, model, limits: MODEL_LIMITS });
}

/** How often due missions are looked for, and how long a run is held without a sign of life. In ms. */
export function readTiming(
  env: Environment,
): Result<{ readonly tickMs: number; readonly leaseMs: number }, readonly ConfigError[]> {
  const tickMs = readNumber(env, 'MANARA_TICK_MS', RUNNER_TUNING.tickMs, 100, 86_400_000);
  const leaseMs = readNumber(env, 'MANARA_LEASE_MS', RUNNER_TUNING.leaseMs, 1000, 3_600_000);
  if (tickMs.ok && leaseMs.ok) return ok({ tickMs: tickMs.value, leaseMs: leaseMs.value });
  return err([tickMs, leaseMs].flatMap((read) => (read.ok ? [] : read.error)));
}

/** One or two keys, so that a key can be replaced while the old one still works. */
export function readServiceKeys(env: Environment): Result<readonly string[], readonly ConfigError[]> {
  const text = filled(env.MANARA_SERVICE_KEYS);
  if (text === undefined) {
    return err([
      `MANARA_SERVICE_KEYS is missing: set one or two keys of ${KEY_CHARS_MIN} characters or more, comma-separated.`,
    ]);
  }
  const keys = text.split(',').map((key) => key.trim());
  if (keys.length > 2) return err(['MANARA_SERVICE_KEYS has more than two keys: set one or two, comma-separated.']);
  if (keys.some((key) => !/^[\x21-\x7e]+$/.test(key) || key.length < KEY_CHARS_MIN)) {
    return err([
      `MANARA_SERVICE_KEYS has a key that is too short or not plain text: use ${KEY_CHARS_MIN} characters or more each.`,
    ]);
  }
  return ok(keys);
}

function readDatabaseUrl(env: Environment): Result<string, readonly ConfigError[]> {
  const text = filled(env.DATABASE_URL);
  if (text === undefined) return err(['DATABASE_URL is missing: set postgres://user:password@host/database.']);
  const protocol = URL.parse(text)?.protocol;
  if (protocol === 'postgres:' || protocol === 'postgresql:') return ok(text);
  return err(['DATABASE_URL is not the address of a Postgres: set postgres://user:password@host/database.']);
}

function readNumber(
  env: Environment,
  name: string,
  fallback: number,
  min: number,
  max: number,
): Result<number, readonly ConfigError[]> {
  const text = filled(env[name]);
  if (text === undefined) return ok(fallback);
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  return value >= min && value <= max
    ? ok(value)
    : err([`${name} is not a whole number from ${min} to ${max}: ${JSON.stringify(text)}.`]);
}

/** An empty variable is an unset one, as in compose files. */
const filled = (text: string | undefined): string | undefined => text?.trim() || undefined;
