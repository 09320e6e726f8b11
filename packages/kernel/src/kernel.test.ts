import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoffMs } from './backoff.ts';
import { canonicalJson, compareUtf8 } from './canonical-json.ts';
import { hashJson, md5Hex } from './hash.ts';
import { derivedId, isUuid, uuid5, uuid7 } from './id.ts';
import type { JsonValue } from './json.ts';

describe('ids', () => {
  it('uuid5 equals the RFC 9562 example', () => {
    expect(uuid5('6ba7b810-9dad-11d1-80b4-00c04fd430c8', 'www.example.com')).toBe(
      '2ed6657d-e927-568b-95e1-2665a8aea6a2',
    );
  });
  it('derived ids join their parts with |', () => {
    expect(derivedId('a', 1)).toBe(uuid5('6d616e61-7261-5000-8000-000000000001', 'a|1'));
  });
  it('uuid7 has version, variant, time order and the given randomness', () => {
    const early = uuid7(1_645_557_742_000, new Uint8Array(10).fill(255));
    expect(early).toBe('017f22e2-79b0-7fff-bfff-ffffffffffff');
    expect(isUuid(early)).toBe(true);
    expect(early < uuid7(1_645_557_742_001, new Uint8Array(10))).toBe(true);
  });
});

describe('canonical JSON', () => {
  it('sorts keys, keeps arrays, drops undefined', () => {
    const value = { b: [3, { z: null, a: 'é' }], a: 1e21, c: undefined } as unknown as JsonValue;
    expect(canonicalJson(value)).toBe('{"a":1e+21,"b":[3,{"a":"é","z":null}]}');
  });
  it('survives a round trip and does not depend on key order', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value as JsonValue);
        expect(canonicalJson(JSON.parse(text) as JsonValue)).toBe(text);
      }),
    );
  });
  it('orders text as UTF-8 bytes do', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (a, b) => {
        expect(Math.sign(compareUtf8(a, b))).toBe(Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b))));
      }),
    );
  });
});

describe('hashes', () => {
  it('md5 and sha-256 are the standard ones', () => {
    expect(md5Hex('abc')).toBe('900150983cd24fb0d6963f7d28e17f72');
    expect(hashJson({ b: 1, a: 2 })).toBe(hashJson({ a: 2, b: 1 }));
    expect(hashJson(null)).toHaveLength(64);
  });
});

it('backoff stays between half a step and its cap', () => {
  fc.assert(
    fc.property(fc.nat(2000), fc.double({ min: 0, max: 0.999, noNaN: true }), (attempt, random) => {
      const ms = backoffMs(attempt, random);
      expect(ms).toBeGreaterThanOrEqual(250);
      expect(ms).toBeLessThanOrEqual(60_000);
    }),
  );
});
