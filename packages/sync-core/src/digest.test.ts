import { md5Hex } from '@manara/kernel/hash';
import { expect, it } from 'vitest';
import { cellDigest, EMPTY_DIGEST, recordDigest, xorDigest } from './digest.ts';

const STAMP = '01936f2c1a2b-0000-9f3a1c7e5b2d4f60';

it('is the XOR over cells of the first 16 digits of MD5 of table|id|field|stamp', () => {
  const title = md5Hex(`todos|a|title|${STAMP}`).slice(0, 16);
  const deleted = md5Hex(`todos|a|$deleted|${STAMP}`).slice(0, 16);
  expect(cellDigest('todos', 'a', 'title', STAMP)).toBe(title);
  const cells = { title: { value: 'x', stamp: STAMP }, $deleted: { value: true, stamp: STAMP } };
  expect(recordDigest('todos', 'a', cells)).toBe(xorDigest(title, deleted));
});

it('folds in any order and undoes itself', () => {
  const [a, b] = [cellDigest('t', '1', 'f', STAMP), cellDigest('t', '2', 'f', STAMP)];
  expect(xorDigest(a, b)).toBe(xorDigest(b, a));
  expect(xorDigest(xorDigest(a, b), b)).toBe(a);
  expect(xorDigest(a, a)).toBe(EMPTY_DIGEST);
});
