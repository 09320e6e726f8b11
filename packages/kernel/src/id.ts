import { sha1 } from '@noble/hashes/legacy.js';
import { bytesToHex, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { assert } from './assert.ts';

/** The namespace of every derived id (docs/protocol.md). */
export const MANARA_NAMESPACE = '6d616e61-7261-5000-8000-000000000001';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Any lower-case UUID; the version is not checked. */
export const isUuid = (text: unknown): text is string => typeof text === 'string' && UUID.test(text);

function format(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;
}

/** RFC 9562 version 5: the same name in the same namespace is the same id on every device. */
export function uuid5(namespace: string, name: string): string {
  assert(isUuid(namespace), 'the namespace is a UUID');
  const prefix = hexToBytes(namespace.replaceAll('-', ''));
  const text = utf8ToBytes(name);
  const input = new Uint8Array(prefix.length + text.length);
  input.set(prefix);
  input.set(text, prefix.length);
  const bytes = sha1(input).slice(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return format(bytesToHex(bytes));
}

/** The id of a thing that two actors could create: derived from what it is, so that both create the same one. */
export const derivedId = (...parts: readonly (string | number)[]): string => uuid5(MANARA_NAMESPACE, parts.join('|'));

/**
 * RFC 9562 version 7: sorts by creation time.
 * @param nowMs milliseconds since 1970
 * @param random at least 10 bytes
 */
export function uuid7(nowMs: number, random: Uint8Array): string {
  assert(random.length >= 10, 'uuid7 needs 10 random bytes');
  const tail = bytesToHex(random.slice(0, 10));
  const time = Math.floor(nowMs).toString(16).padStart(12, '0');
  const variant = ((Number.parseInt(tail[3] ?? '0', 16) & 0x3) | 0x8).toString(16);
  return format(`${time}7${tail.slice(0, 3)}${variant}${tail.slice(4, 19)}`);
}
