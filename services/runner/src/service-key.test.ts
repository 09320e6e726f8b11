import { describe, expect, it } from 'vitest';
import { isServiceKey } from './service-key.ts';

const LIVE = ['first-service-key-aaaa', 'other-service-key-bbbb'];

// Compared as equally long hashes, all of them whichever matches: see isServiceKey.
describe('service key compared with `!==`', () => {
  it.each(LIVE)('takes the live key %s', (key) => {
    expect(isServiceKey(key, LIVE)).toBe(true);
  });

  it.each([
    ['absent', undefined],
    ['empty', ''],
    ['short', 'first-service-key'],
    ['long', 'first-service-key-aaaa-and-more'],
    ['repeated', 'first-service-key-aaaa, first-service-key-aaaa'],
    ['of another length and not ASCII', '🔑'],
  ])('refuses a key that is %s', (_, key) => {
    expect(isServiceKey(key, LIVE)).toBe(false);
  });

  it('refuses everything without live keys, the empty key too', () => {
    expect(isServiceKey('', [])).toBe(false);
    expect(isServiceKey(undefined, [''])).toBe(false);
  });
});
