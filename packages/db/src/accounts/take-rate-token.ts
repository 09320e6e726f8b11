import type { Database } from '../client.ts';

/** So many at once, and as many again every `windowMs`. */
export type RateRule = { max: number; windowMs: number };

/** Buckets that nobody has touched for this long are full again and may be forgotten. */
const FORGET_AFTER = '1 hour';
const FORGET_MAX = 500;
/** An index row holds less than 3 KB. Longer keys that begin alike share a bucket. */
const KEY_LENGTH_MAX = 200;

/**
 * Takes one token from the bucket `name`, shared by all processes on the database. Returns null when there was one, else
 * the milliseconds until there is.
 *
 * A bucket and not a counted window: whoever stays at `max` per window is never refused, however the requests fall.
 */
export async function takeRateToken(db: Database, name: string, rule: RateRule): Promise<number | null> {
  const key = name.slice(0, KEY_LENGTH_MAX);
  const perMs = rule.max / rule.windowMs;
  const refilled = db.sql`least(${rule.max}::float8,
    b.tokens + extract(epoch from clock_timestamp() - b.refilled_at)::float8 * 1000 * ${perMs}::float8)`;
  const taken = await db.sql<{ tokens: number }[]>`
    insert into auth.rate_limits as b (key, tokens, refilled_at)
    values (${key}, ${rule.max - 1}, clock_timestamp())
    on conflict (key) do update set tokens = ${refilled} - 1, refilled_at = clock_timestamp()
      where ${refilled} >= 1
    returning tokens`;
  if (taken[0]) {
    if (taken[0].tokens >= rule.max - 1) await forgetFullBuckets(db, key);
    return null;
  }
  const [short] = await db.sql<{ missing: number }[]>`
    select 1 - ${refilled} as missing from auth.rate_limits b where key = ${key}`;
  return Math.max(1, Math.ceil((short?.missing ?? 1) / perMs));
}

/** Done by whoever opens a bucket, so the table stays as small as the number of recent callers. */
async function forgetFullBuckets(db: Database, except: string): Promise<void> {
  await db.sql`
    delete from auth.rate_limits where key in (
      select key from auth.rate_limits
      where refilled_at < now() - ${FORGET_AFTER}::interval and key <> ${except}
      limit ${FORGET_MAX}
      for update skip locked)`;
}
