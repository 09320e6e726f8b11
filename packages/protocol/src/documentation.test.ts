import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import * as z from 'zod/mini';
import { devicesReply } from './devices.ts';
import { digestReply } from './digest.ts';
import { ERROR_STATUS, errorBody } from './error.ts';
import { getReply, getRequest } from './get.ts';
import { meReply } from './me.ts';
import { plannerReply, plannerTestReply, promptReply } from './planner.ts';
import { pullReply, pullRequest } from './pull.ts';
import { OP_CODES, pushReply, pushRequest } from './push.ts';

const page = readFileSync(new URL('../../../docs/protocol.md', import.meta.url), 'utf8');

const schemas: Record<string, z.ZodMiniType> = {
  error: errorBody,
  me: meReply,
  devices: devicesReply,
  push: pushRequest,
  pushReply,
  pull: pullRequest,
  pullReply,
  get: getRequest,
  getReply,
  digestReply,
  planner: plannerReply,
  plannerTest: plannerTestReply,
  prompt: promptReply,
};
const examples = [...page.matchAll(/```json (\w+)\n([\s\S]*?)\n```/g)].map(([, name = '', text = '']) => ({
  name,
  text,
}));

it('shows an example of every message', () => {
  expect(examples.map((example) => example.name)).toEqual(Object.keys(schemas));
});

it.each(examples)('the example of $name is one', ({ name, text }) => {
  const parsed = z.safeParse(schemas[name] as z.ZodMiniType, JSON.parse(text));
  expect(parsed.error).toBeUndefined();
});

it('names every error and every verdict once, in their order', () => {
  const rows = [...page.matchAll(/^\| (?:(\d{3}) \| )?`([a-z_]+)` \|/gm)];
  const errors = rows.flatMap(([, status, code]) => (status ? [[code, Number(status)]] : []));
  expect(errors).toEqual(Object.entries(ERROR_STATUS));
  const verdicts = rows.flatMap(([, status, code = '']) => (status ? [] : [code]));
  expect(verdicts.filter((code) => !['heads', 'run', 'auth'].includes(code))).toEqual([...OP_CODES]);
});
