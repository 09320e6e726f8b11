import { expect, it } from 'vitest';
import { MODEL_LIMITS } from './model/model-config.ts';
import { egressRefusal } from './model-egress.ts';

const at = (baseUrl: string) => ({ baseUrl, apiKey: null, model: 'm', limits: MODEL_LIMITS });

it('a mission that keeps its inputs here asks only a model on this machine', () => {
  const refused = (url: string) => egressRefusal({ privacy: 'localOnly' }, at(url)) !== null;
  expect(['http://127.0.0.1:1234/v1', 'http://localhost:1234/v1', 'http://[::1]:1234/v1'].map(refused)).toEqual([
    false,
    false,
    false,
  ]);
  expect(
    [
      'https://api.openai.com/v1',
      'http://127.0.0.1.example.com/v1',
      'http://localhost.example.com/v1',
      'http://10.0.0.7/v1',
    ].map(refused),
  ).toEqual([true, true, true, true]);
});

it('any other mission may ask any model', () => {
  expect(egressRefusal({ privacy: 'full' }, at('https://api.openai.com/v1'))).toBeNull();
});
