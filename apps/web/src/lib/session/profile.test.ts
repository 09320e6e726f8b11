import { expect, it } from 'vitest';
import { databaseName, GUEST, PROFILE_KEY, type Profile, readProfile, writeProfile } from './profile.ts';

function store(initial: Record<string, string> = {}) {
  const items = new Map(Object.entries(initial));
  return {
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => void items.set(key, value),
  };
}
const ada: Profile = {
  account: { id: 'u1', email: 'ada@example.com', name: 'Ada', space: 's1' },
  adopting: true,
};

it('is the guest at the first start', () => {
  expect(readProfile(store())).toEqual(GUEST);
});

it('survives a restart, an unfinished move included', () => {
  const kept = store();
  writeProfile(kept, ada);
  expect(readProfile(kept)).toEqual(ada);
});

it.each(['{', 'null', '[]', '{"account":{"id":"u1"}}', '{"account":{"id":1,"email":"a","name":"b","space":"c"}}'])(
  'is the guest, never half an account, when %s is stored',
  (text) => {
    expect(readProfile(store({ [PROFILE_KEY]: text }))).toEqual(GUEST);
  },
);

it('gives each account a database of its own', () => {
  const other = { ...ada, account: ada.account && { ...ada.account, id: 'u2' } };
  expect(new Set([databaseName(GUEST), databaseName(ada), databaseName(other)]).size).toBe(3);
});
