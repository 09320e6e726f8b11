import type { JsonValue } from '@manara/kernel/json';

/** Bytes of a value's JSON in UTF-8: what the wire's limits count. */
export function jsonBytes(value: JsonValue): number {
  const text = JSON.stringify(value);
  let bytes = text.length;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    // A surrogate pair is four bytes in two units; JSON.stringify escapes lone ones, so they come in pairs.
    if (unit >= 0x80) bytes += unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 1 : 2;
  }
  return bytes;
}
