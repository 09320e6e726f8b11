import { FIELD_BYTES_MAX } from '@manara/sync-core/define-table';

/** Ops in one batch. */
export const PUSH_OPS_MAX = 500;
/** Bytes of one request body. */
export const BODY_BYTES_MAX = 1_048_576;
/** Arrays and objects within each other, the request body itself being the first. */
export const NESTING_MAX = 32;
/**
 * The same for one cell's value: a push spends body, batch, ops, op, fields and cell before it. A value within this
 * can always be sent.
 */
export const VALUE_NESTING_MAX = NESTING_MAX - 6;
/** Records in one page of a pull, over all its spaces. */
export const PULL_RECORDS_DEFAULT = 1000;
export const PULL_RECORDS_MAX = 5000;
/** Bytes of record JSON in one page; a page always has at least one record. */
export const PULL_BYTES_MAX = 4_194_304;
/** Seconds that a pull may be held. */
export const PULL_WAIT_S_MAX = 25;
/** Ids of one `get`. */
export const GET_IDS_MAX = 500;
/** Bytes of UTF-8 JSON of one op's actor. */
export const ACTOR_BYTES_MAX = 16_384;
/** A stamp further ahead of server time than this is replaced. */
export const STAMP_AHEAD_MS_MAX = 60_000;
/** Heads are repeated on an idle event stream this often. */
export const LIVE_HEADS_EVERY_MS = 20_000;

/** As `/v1/me` tells them. */
export const LIMITS = {
  opsPerPush: PUSH_OPS_MAX,
  bodyBytes: BODY_BYTES_MAX,
  fieldBytes: FIELD_BYTES_MAX,
  nesting: NESTING_MAX,
  pullRecords: PULL_RECORDS_MAX,
  pullBytes: PULL_BYTES_MAX,
} as const;
