import { md5 } from '@noble/hashes/legacy.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { canonicalJson } from './canonical-json.ts';
import type { JsonValue } from './json.ts';

/** MD5 of the UTF-8 text in lower-case hex. For digests that compare replicas; protects no secret. */
export const md5Hex = (text: string): string => bytesToHex(md5(utf8ToBytes(text)));

/** SHA-256 of the canonical JSON in lower-case hex: what a decision binds to. */
export const hashJson = (value: JsonValue): string => bytesToHex(sha256(utf8ToBytes(canonicalJson(value))));
