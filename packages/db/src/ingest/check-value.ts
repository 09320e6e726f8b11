import { isJsonObject, type JsonValue } from '@manara/kernel/json';

/** Bytes of the value's UTF-8 JSON. Exact only above `enough`: a text that surely fits is not measured. */
export function exceedsBytes(value: JsonValue, maxBytes: number): boolean {
  if (value === null || typeof value === 'boolean' || typeof value === 'number') return false;
  const text = JSON.stringify(value);
  // One UTF-16 unit is at most three bytes.
  return text.length * 3 > maxBytes && Buffer.byteLength(text) > maxBytes;
}

/** Text that Postgres cannot keep: a NUL or half of a surrogate pair, in any string or key of the value. */
export function hasInvalidString(value: JsonValue): boolean {
  if (typeof value === 'string') return isInvalidText(value);
  if (Array.isArray(value)) return value.some((item: JsonValue) => hasInvalidString(item));
  if (!isJsonObject(value)) return false;
  return Object.entries(value).some(([key, member]) => isInvalidText(key) || hasInvalidString(member));
}

const isInvalidText = (text: string): boolean => text.includes('\u0000') || !text.isWellFormed();

/** Numbers that replicas would read differently: not finite, or an integer beyond 2^53-1. */
export function hasUnsafeNumber(value: JsonValue): boolean {
  if (typeof value === 'number') {
    return !Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value));
  }
  if (Array.isArray(value)) return value.some((item: JsonValue) => hasUnsafeNumber(item));
  return isJsonObject(value) && Object.values(value).some(hasUnsafeNumber);
}

/** `{"$...": x}` alone is kept for later meanings of the protocol. */
export function isReservedValue(value: JsonValue): boolean {
  if (!isJsonObject(value)) return false;
  const keys = Object.keys(value);
  return keys.length === 1 && keys[0]?.startsWith('$') === true;
}
