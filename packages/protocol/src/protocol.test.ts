import { hashJson } from '@manara/kernel/hash';
import type { JsonValue } from '@manara/kernel/json';
import { describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import * as devices from './devices.ts';
import { digestReply, digestRequest } from './digest.ts';
import { ERROR_CODES, ERROR_STATUS, errorBody, isRetryable } from './error.ts';
import { getReply, getRequest } from './get.ts';
import { LIMITS } from './limits.ts';
import { authEvent, headsEvent, runEvent } from './live.ts';
import { meReply } from './me.ts';
import { plannerReply, plannerTestReply, promptReply } from './planner.ts';
import { isCursor, pullReply, pullRequest } from './pull.ts';
import { OP_CODES, pushReply, pushRequest } from './push.ts';
import { PROTOCOL_VERSION } from './version.ts';

/** Raise PROTOCOL_VERSION when one of these changes its meaning; only then enter the new hash. */
const HASH_OF_VERSION: Record<number, string> = {
  1: '95311a44037c5c129294397a26d65b4a033f9e52c9807878072229e6cc95a542',
};

const messages = {
  pushRequest,
  pushReply,
  pullRequest,
  pullReply,
  getRequest,
  getReply,
  digestRequest,
  digestReply,
  meReply,
  devicesReply: devices.devicesReply,
  deviceRevokedReply: devices.deviceRevokedReply,
  plannerReply,
  plannerTestReply,
  promptReply,
  errorBody,
  headsEvent,
  runEvent,
  authEvent,
};

describe('protocol', () => {
  it('does not change a message without raising its version', () => {
    const schemas = Object.fromEntries(
      Object.entries(messages).map(([name, schema]) => [name, z.toJSONSchema(schema, { io: 'input' }) as JsonValue]),
    );
    expect(hashJson(schemas)).toBe(HASH_OF_VERSION[PROTOCOL_VERSION]);
  });

  it('has the closed lists of the specification', () => {
    expect(Object.entries(ERROR_STATUS).map(([code, status]) => `${status} ${code}`)).toEqual([
      '400 bad_json',
      '400 bad_cursor',
      '400 bad_query',
      '401 unauthenticated',
      '403 forbidden_origin',
      '404 not_found',
      '405 method_not_allowed',
      '408 timeout',
      '409 batch_gap',
      '409 batch_stale',
      '409 batch_reused',
      '409 epoch_changed',
      '409 cursor_ahead',
      '413 too_large',
      '415 unsupported_media_type',
      '422 invalid_request',
      '422 too_deep',
      '426 upgrade_required',
      '429 rate_limited',
      '500 internal',
      '503 unavailable',
    ]);
    expect(ERROR_CODES.filter(isRetryable)).toEqual(['timeout', 'rate_limited', 'internal', 'unavailable']);
    expect(OP_CODES.join(' ')).toBe(
      'bad_op forbidden_space unknown_table bad_id unknown_field forbidden_field bad_stamp node_mismatch bad_actor ' +
        'field_too_large invalid_string unsafe_number invalid_value immutable taken below_horizon',
    );
    expect(LIMITS).toEqual({
      opsPerPush: 500,
      bodyBytes: 1048576,
      fieldBytes: 65536,
      nesting: 32,
      pullRecords: 5000,
      pullBytes: 4194304,
    });
  });

  it.each([
    [0, true],
    [2 ** 53 - 1, true],
    [2 ** 53, false],
    [-1, false],
    [1.5, false],
    ['1', false],
    [null, false],
    [Number.POSITIVE_INFINITY, false],
  ])('cursor %s: %s', (value, expected) => {
    expect(isCursor(value)).toBe(expected);
  });

  it('reads the examples of the specification and ignores keys that it does not know', () => {
    const actor = { kind: 'user', id: 'u1', name: 'Ada' };
    const stamp = '01936f2c1a2b-0000-9f3a1c7e5b2d4f60';
    const id = '6d616e61-7261-5000-8000-000000000001';
    const op = { space: id, table: 'todos', id, group: id, fields: { title: ['Buy milk', stamp] }, actor };
    const push = { protocol: 1, client: '9f3a1c7e5b2d4f60', epoch: 'e', batch: { seq: 12, ops: [op] }, later: 1 };
    expect(z.safeParse(pushRequest, push).success).toBe(true);
    const record = { table: 'todos', id, seq: 340, fields: { title: ['Buy milk', stamp] }, actor };
    const space = { head: 345, cursor: 340, more: true, reset: false, horizon: 0, records: [record] };
    const parsed = z.parse(pullReply, { epoch: 'e', spaces: { [id]: space }, removed: [], serverTime: 1, later: 1 });
    expect(parsed.spaces[id]?.records[0]?.actorOf).toEqual({});
  });
});
