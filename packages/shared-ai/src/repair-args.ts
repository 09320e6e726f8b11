import { isUuid } from '@manara/kernel/id';
import { isJsonObject, type JsonObject, type JsonValue } from '@manara/kernel/json';
import { err, ok, type Result } from '@manara/kernel/result';
import * as z from 'zod/mini';
import { cleanText } from './clean-text.ts';
import { issueInWords } from './execute.ts';
import type { Tool } from './tool.ts';

/** How often arguments are mended before they are given up: each round mends one field. */
const ROUNDS_MAX = 20;

export interface RepairedArgs {
  readonly args: JsonObject;
  readonly repaired: boolean;
}

/** Text without what the wire refuses, at every depth. Depth is bounded by the reply parser. */
function cleanDeep(value: JsonValue): JsonValue {
  if (typeof value === 'string') return cleanText(value);
  if (Array.isArray(value)) return (value as readonly JsonValue[]).map(cleanDeep);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [cleanText(key), cleanDeep(member)]));
}

/** A value as its field may have meant it; undefined leaves the field out. */
function mendValue(value: JsonValue | undefined): JsonValue | undefined {
  if (value === null || value === '') return undefined;
  if (typeof value !== 'string')
    return Array.isArray(value) && value.length === 1 ? (value as readonly JsonValue[])[0] : value;
  const text = value.trim();
  const instant = /^(\d{4}-\d{2}-\d{2})[T ]/u.exec(text);
  if (instant?.[1] !== undefined) return instant[1];
  if (/^-?\d{1,15}$/u.test(text)) return Number(text);
  if (text === 'true' || text === 'false') return text === 'true';
  const words = ['none', 'low', 'medium', 'high'].indexOf(text.toLowerCase());
  if (words >= 0) return words === 0 ? undefined : words;
  const id = (text.split(/[/|:]/u).pop() ?? '').toLowerCase();
  return isUuid(id) ? id : text;
}

/**
 * Arguments as a tool's schema reads them, mended where what was meant is plain: text for a number, a time for a day, an
 * empty text for nothing, `todos/<id>` for an id, keys that the tool does not have. Null stays where the schema takes it.
 */
export function repairArgs(tool: Tool, raw: JsonValue): Result<RepairedArgs, string> {
  if (!isJsonObject(raw)) return err('its arguments are not an object');
  const cleaned = cleanDeep(raw) as JsonObject;
  let args: Record<string, JsonValue> = { ...cleaned };
  let repaired = JSON.stringify(cleaned) !== JSON.stringify(raw);
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const parsed = z.safeParse(tool.input, args);
    if (parsed.success) {
      const dropped = Object.keys(args).some((key) => !Object.hasOwn(parsed.data, key));
      return ok({ args: parsed.data, repaired: repaired || dropped });
    }
    const field = parsed.error.issues[0]?.path[0];
    if (typeof field !== 'string' || !Object.hasOwn(args, field)) return err(issueInWords(parsed.error));
    const value = mendValue(args[field]);
    if (value === args[field]) return err(issueInWords(parsed.error));
    const { [field]: _bad, ...rest } = args;
    args = value === undefined ? rest : { ...rest, [field]: value };
    repaired = true;
  }
  return err('its arguments could not be read');
}
