import { expect, it } from 'vitest';
import { forgetPlanner, keepPlanner, readPlanner } from './kept-planner.ts';
import type { Account } from './profile.ts';

function fakeStore(initial: Record<string, string> = {}) {
  const items = new Map(Object.entries(initial));
  return {
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => void items.set(key, value),
    removeItem: (key: string) => void items.delete(key),
  };
}
const ada: Account = { id: 'u1', email: 'ada@example.com', name: 'Ada', space: 's1' };
const bob: Account = { ...ada, id: 'u2' };
const model = { kind: 'model', model: 'llama3.2', endpointHost: 'models.example.com' } as const;

it('keeps what the server told last, for each account', () => {
  const store = fakeStore();
  expect(readPlanner(store, ada)).toBeNull();
  keepPlanner(store, ada, model);
  expect(readPlanner(store, ada)).toEqual({ ...model, isLastKnown: true });
  expect(readPlanner(store, bob)).toBeNull();
  forgetPlanner(store, ada);
  expect(readPlanner(store, ada)).toBeNull();
});

it.each(['{', 'null', '{"kind":"magic","model":null,"endpointHost":null}'])('knows nothing from %s', (text) => {
  expect(readPlanner(fakeStore({ 'manara.planner|u1': text }), ada)).toBeNull();
});

it('goes without where nothing can be stored', () => {
  const full = {
    ...fakeStore(),
    setItem: () => {
      throw new DOMException('full', 'QuotaExceededError');
    },
  };
  expect(() => keepPlanner(full, ada, model)).not.toThrow();
});
