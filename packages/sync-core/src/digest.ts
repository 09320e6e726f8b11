import { md5Hex } from '@manara/kernel/hash';
import type { Cells } from './record.ts';

/** The digest of nothing. */
export const EMPTY_DIGEST = '0000000000000000';

/** One cell's contribution: the first 16 hex digits of MD5 of `table|id|field|stamp`. */
export const cellDigest = (table: string, id: string, field: string, stamp: string): string =>
  md5Hex(`${table}|${id}|${field}|${stamp}`).slice(0, 16);

/** XOR of two 16-digit hex texts; it commutes, so records may be folded in any order. */
export function xorDigest(a: string, b: string): string {
  return (BigInt(`0x${a}`) ^ BigInt(`0x${b}`)).toString(16).padStart(16, '0');
}

export function recordDigest(table: string, id: string, cells: Cells): string {
  let digest = EMPTY_DIGEST;
  for (const [field, cell] of Object.entries(cells))
    digest = xorDigest(digest, cellDigest(table, id, field, cell.stamp));
  return digest;
}
