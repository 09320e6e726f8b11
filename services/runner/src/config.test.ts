import { describe, expect, it } from 'vitest';
import { ENVIRONMENT_HELP, readModelConfig, readRunnerConfig } from './config.ts';

const NEEDED = { DATABASE_URL: 'postgres://u:p@db/manara', MANARA_SERVICE_KEYS: 'a-service-key-of-some-length' };

describe('the environment of the runner', () => {
  it('needs a database and a service key, and has defaults for the rest', () => {
    expect(readRunnerConfig(NEEDED)).toEqual({
      ok: true,
      value: {
        databaseUrl: NEEDED.DATABASE_URL,
        serviceKeys: [NEEDED.MANARA_SERVICE_KEYS],
        host: '127.0.0.1',
        port: 4802,
        tickMs: 2000,
        leaseMs: 60_000,
        model: null,
      },
    });
  });

  it('names everything that is wrong at once, with what to set, and no value of a secret', () => {
    const read = readRunnerConfig({
      DATABASE_URL: 'mysql://u:hunter2@x/y',
      MANARA_SERVICE_KEYS: 'hunter',
      MANARA_PORT: '70000',
      MANARA_TICK_MS: '-1',
      MANARA_MODEL: 'm',
    });
    if (read.ok) throw new Error('expected errors');
    expect(read.error.map((line) => line.split(' ')[0])).toEqual([
      'DATABASE_URL',
      'MANARA_SERVICE_KEYS',
      'MANARA_PORT',
      'MANARA_TICK_MS',
      'OPENAI_BASE_URL',
    ]);
    expect(read.error.join('\n')).not.toContain('hunter');
  });

  it('takes one or two service keys', () => {
    const keys = (count: number) => Array.from({ length: count }, (_, n) => `service-key-number-${n}`).join(',');
    expect(readRunnerConfig({ ...NEEDED, MANARA_SERVICE_KEYS: keys(2) }).ok).toBe(true);
    expect(readRunnerConfig({ ...NEEDED, MANARA_SERVICE_KEYS: keys(3) }).ok).toBe(false);
    expect(readRunnerConfig({ ...NEEDED, MANARA_SERVICE_KEYS: `${keys(1)},` }).ok).toBe(false);
  });

  it('mentions every variable that it reads in the help', () => {
    const seen: string[] = [];
    readRunnerConfig(new Proxy({}, { get: (_, name) => void seen.push(String(name)) }));
    for (const name of seen) expect(ENVIRONMENT_HELP).toContain(name);
  });
});

describe('the model', () => {
  it('is used only when it is named: a key alone sends nothing anywhere', () => {
    expect(readModelConfig({ OPENAI_API_KEY: 'sk-x' })).toEqual({ ok: true, value: null });
  });
  it('needs no key at an address of its own', () => {
    expect(readModelConfig({ MANARA_MODEL: 'llama', OPENAI_BASE_URL: 'http://127.0.0.1:11434/v1/' })).toMatchObject({
      ok: true,
      value: { baseUrl: 'http://127.0.0.1:11434/v1', apiKey: null, model: 'llama' },
    });
  });
  it('is at OpenAI when only a key is set', () => {
    expect(readModelConfig({ MANARA_MODEL: 'gpt', OPENAI_API_KEY: 'sk-x' })).toMatchObject({
      ok: true,
      value: { baseUrl: 'https://api.openai.com/v1' },
    });
  });
  it.each([
    [{ OPENAI_BASE_URL: 'http://x/v1' }, /^MANARA_MODEL is missing/],
    [{ MANARA_MODEL: 'm' }, /^OPENAI_BASE_URL is missing/],
    [{ MANARA_MODEL: 'm', OPENAI_BASE_URL: 'localhost:1234' }, /not an address/],
    [{ MANARA_MODEL: 'm', OPENAI_BASE_URL: 'http://u:hunter2@x/v1' }, /holds a password/],
  ])('%j is refused by name', (env, words) => {
    const read = readModelConfig(env);
    if (read.ok) throw new Error('expected an error');
    expect(read.error.join('\n')).toMatch(words);
    expect(read.error.join('\n')).not.toContain('hunter');
  });
});
