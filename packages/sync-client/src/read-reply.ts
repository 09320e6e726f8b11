import { isJsonObject } from '@manara/kernel/json';
import type { DigestReply } from '@manara/protocol/digest';
import type { GetReply } from '@manara/protocol/get';
import type { MeReply } from '@manara/protocol/me';
import type { PullReply } from '@manara/protocol/pull';
import type { PushReply } from '@manara/protocol/push';

// Only what the client relies on is checked, and cheaply: a page may hold 5,000 records. Unknown keys, codes and fields
// of a newer server pass.

const isNumber = (value: unknown): value is number => Number.isSafeInteger(value);
const isRecord = (value: unknown): boolean =>
  isJsonObject(value) &&
  typeof value.table === 'string' &&
  typeof value.id === 'string' &&
  isNumber(value.seq) &&
  (value.fields === undefined || isJsonObject(value.fields));
const isVerdict = (value: unknown): boolean =>
  isJsonObject(value) && (value.status === 'ok' || value.status === 'rejected');
const isPage = (value: unknown): boolean =>
  isJsonObject(value) &&
  isNumber(value.head) &&
  isNumber(value.cursor) &&
  isNumber(value.horizon) &&
  typeof value.more === 'boolean' &&
  typeof value.reset === 'boolean' &&
  Array.isArray(value.records) &&
  value.records.every(isRecord);

/** @param ops how many verdicts there must be */
export function readPushReply(body: unknown, ops: number): PushReply | null {
  if (!isJsonObject(body) || !isNumber(body.seq) || !isNumber(body.serverTime)) return null;
  const results = body.results;
  if (!Array.isArray(results) || results.length !== ops || !results.every(isVerdict)) return null;
  if (!isJsonObject(body.restamped) || !isJsonObject(body.heads)) return null;
  return body as unknown as PushReply;
}

export function readPullReply(body: unknown): PullReply | null {
  if (!isJsonObject(body) || typeof body.epoch !== 'string' || !isNumber(body.serverTime)) return null;
  if (!isJsonObject(body.spaces) || !Object.values(body.spaces).every(isPage)) return null;
  return Array.isArray(body.removed) ? (body as unknown as PullReply) : null;
}

export function readGetReply(body: unknown): GetReply | null {
  if (!isJsonObject(body) || !Array.isArray(body.records) || !body.records.every(isRecord)) return null;
  return body as unknown as GetReply;
}

export function readDigestReply(body: unknown): DigestReply | null {
  if (!isJsonObject(body) || !isNumber(body.head) || typeof body.digest !== 'string') return null;
  return isJsonObject(body.parts) ? (body as unknown as DigestReply) : null;
}

export function readMeReply(body: unknown): Pick<MeReply, 'epoch' | 'serverTime' | 'spaces'> | null {
  if (!isJsonObject(body) || typeof body.epoch !== 'string' || !isNumber(body.serverTime)) return null;
  if (!Array.isArray(body.spaces) || !body.spaces.every(isJsonObject)) return null;
  return body as unknown as MeReply;
}
