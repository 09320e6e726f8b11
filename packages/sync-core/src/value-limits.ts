import type { JsonValue } from '@manara/kernel/json';

/** The deepest nesting of arrays and objects in a request, the request itself included. */
export const NESTING_MAX = 32;

/** Levels of a push request around a cell's value: request, batch, ops, op, fields, cell. */
export const NESTING_AROUND_VALUE = 6;

/** UTF-8 bytes of a text; a lone surrogate counts as the three bytes of its replacement. */
export function utf8Bytes(text: string): number {
  let bytes = text.length;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) continue;
    bytes += unit < 0x800 ? 1 : 2;
    // a pair is 4 bytes: its first half counted as 3, so the second adds nothing to its own unit
    if (unit >= 0xd800 && unit <= 0xdbff) {
      const next = text.charCodeAt(index + 1);
      if (next >= 0xdc00 && next <= 0xdfff) index++;
    }
  }
  return bytes;
}

/** UTF-8 bytes of a value's JSON. */
export const jsonBytes = (value: JsonValue): number => utf8Bytes(JSON.stringify(value));

export type ValueFault = 'invalid_string' | 'unsafe_number' | 'too_deep';

/** Postgres cannot store NUL, and a lone surrogate is no text in UTF-8. */
const badText = (text: string): boolean => text.includes('\0') || !text.isWellFormed();

/**
 * Why no space can hold a value, whatever its field: text that is not UTF-8 or holds NUL, a number that JSON or a
 * double cannot carry exactly, nesting beyond `levels`. Null when it can. Walks with a stack of its own: a hostile
 * value of any depth costs no recursion.
 */
export function valueFault(value: JsonValue, levels = NESTING_MAX - NESTING_AROUND_VALUE): ValueFault | null {
  let fault: ValueFault | null = null;
  const rest: { readonly value: JsonValue; readonly level: number }[] = [{ value, level: 0 }];
  for (let item = rest.pop(); item !== undefined; item = rest.pop()) {
    const { value: current, level } = item;
    if (typeof current === 'string') {
      if (badText(current)) return 'invalid_string';
    } else if (typeof current === 'number') {
      if (!Number.isFinite(current) || (Number.isInteger(current) && !Number.isSafeInteger(current))) {
        fault ??= 'unsafe_number';
      }
    } else if (typeof current === 'object' && current !== null) {
      if (level >= levels) return 'too_deep';
      for (const [key, member] of Object.entries(current)) {
        if (!Array.isArray(current) && badText(key)) return 'invalid_string';
        rest.push({ value: member as JsonValue, level: level + 1 });
      }
    }
  }
  return fault;
}
