import { isUuid } from '@manara/kernel/id';
import { isJsonValue, type JsonValue } from '@manara/kernel/json';
import { isStamp } from '@manara/sync-core/stamp';
import * as z from 'zod/mini';

/** Field schemas that several tables share. */
export const id = z.string().check(z.refine(isUuid, 'a lower-case UUID'));
/** Text of any length: the wire's byte limits are the only ones, so that no client's title is refused by another's taste. */
export const text = z.string();
/** milliseconds since 1970 */
export const instant = z.number().check(z.int(), z.gte(0));
/** `YYYY-MM-DD` that exists in the calendar */
export const day = z.string().check(
  z.refine((text) => {
    const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
    if (!match) return false;
    const [year, month, date] = [Number(match[1]), Number(match[2]), Number(match[3])];
    const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
    const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1];
    return days !== undefined && date >= 1 && date <= days;
  }, 'a day of the calendar, YYYY-MM-DD'),
);
export const stamp = z.string().check(z.refine(isStamp, 'a stamp'));
/** Any JSON. Not `z.json()`: that takes 15 ms for a value of 64 KiB, and a batch may hold sixteen. */
export const json = z.custom<JsonValue>(isJsonValue);
export const jsonObject = z.record(z.string(), json);
export const risk = z.enum(['low', 'medium', 'high']);
export type Risk = z.output<typeof risk>;
export const ref = z.object({ table: z.string(), id });
