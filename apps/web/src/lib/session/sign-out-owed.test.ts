import { err, ok } from '@manara/kernel/result';
import { beforeEach, expect, it } from 'vitest';
import type { ApiResult } from './api.ts';
import { forgiveSignOut, oweSignOut, payOwedSignOut } from './sign-out-owed.ts';

let kept: Map<string, string>;
let answers: ApiResult<unknown>[];
let asked: number;
const store = {
  getItem: (key: string) => kept.get(key) ?? null,
  setItem: (key: string, value: string) => void kept.set(key, value),
  removeItem: (key: string) => void kept.delete(key),
};
const api = {
  signOut: async () => {
    asked += 1;
    return answers.shift() ?? ok(undefined);
  },
};
const seams = { isOnline: () => true, sleep: () => Promise.resolve() };
const failed = (status: number, code: string): ApiResult<unknown> => err({ status, code, message: code });

const settled = () => new Promise((resolve) => setTimeout(resolve));

beforeEach(() => {
  kept = new Map();
  answers = [];
  asked = 0;
});

it('asks nothing when nothing is owed', async () => {
  await payOwedSignOut(store, api, seams);
  expect(asked).toBe(0);
});

it('tries again until the server has ended the session', async () => {
  answers = [failed(503, 'unavailable'), failed(429, 'rate_limited'), ok(undefined)];
  oweSignOut(store, api, seams);
  await settled();
  expect([asked, kept.size]).toEqual([3, 0]);
});

it('is content with a session that is over already', async () => {
  answers = [failed(401, 'unauthenticated')];
  oweSignOut(store, api, seams);
  await settled();
  expect([asked, kept.size]).toEqual([1, 0]);
});

it('leaves the session of who has signed in since alone', async () => {
  answers = [failed(503, 'unavailable')];
  const signOut = async () => {
    forgiveSignOut(store);
    return api.signOut();
  };
  oweSignOut(store, { signOut }, seams);
  await settled();
  expect(asked).toBe(1);
});
