import { isJsonObject, type JsonObject, type JsonValue } from '@manara/kernel/json';
import { err, ok, type Result } from '@manara/kernel/result';
import { jsonrepair } from 'jsonrepair';
import { cleanText, cutText } from './clean-text.ts';
import type { PlanDraft } from './planner-context.ts';
import { STEPS_MAX } from './plan-limits.ts';
import type { Evidence } from './tables/plans.ts';
import type { PlannedStep } from './tool.ts';

/** A longer reply is not read: nothing good is that long. In UTF-16 units. */
export const REPLY_CHARS_MAX = 400_000;
const SUMMARY_CHARS_MAX = 1000;
const ANSWER_CHARS_MAX = 20_000;
const RATIONALE_CHARS_MAX = 2000;
const EVIDENCE_MAX = 5;
const DEPENDS_MAX = 20;
/** Deeper JSON than a stored value may have is not a plan. */
const DEPTH_MAX = 24;

/**
 * Reads a planner's reply: strict JSON when it is, else what can be mended of it (code fences, prose around, single quotes,
 * a cut end), with a log in words. Steps are only shaped here; whether they make sense is validated one by one later.
 */
export function parseReply(reply: string): Result<PlanDraft, string> {
  if (reply.length > REPLY_CHARS_MAX) return err(`it has ${reply.length} characters, more than ${REPLY_CHARS_MAX}`);
  const text = reply.trim();
  if (text === '') return err('it is empty');
  const log: string[] = [];
  const found = readJson(text, log);
  if (found === undefined)
    return err(/^\s*<(!doctype|html)/i.test(text) ? 'it is a web page' : 'it holds no JSON object');
  if (tooDeep(found)) return err(`it is nested deeper than ${DEPTH_MAX} levels`);
  return draftOf(found, log);
}

/** Whether nesting goes beyond the bound; walks with a stack of its own. */
function tooDeep(value: JsonValue): boolean {
  const rest: { readonly value: JsonValue; readonly depth: number }[] = [{ value, depth: 0 }];
  for (let item = rest.pop(); item !== undefined; item = rest.pop()) {
    if (typeof item.value !== 'object' || item.value === null) continue;
    if (item.depth >= DEPTH_MAX) return true;
    for (const member of Object.values(item.value)) rest.push({ value: member as JsonValue, depth: item.depth + 1 });
  }
  return false;
}

function readJson(text: string, log: string[]): JsonValue | undefined {
  const whole = strict(text);
  if (isPlan(whole)) return whole;
  const embedded = objectsIn(text);
  for (const part of embedded) {
    const value = strict(part.text);
    if (!isPlan(value)) continue;
    log.push('Took the JSON object out of the text around it.');
    return value;
  }
  const start = embedded[0]?.start ?? text.search(/[{[]/u);
  for (const candidate of start < 0 ? [] : [text.slice(start), ...embedded.map((part) => part.text)]) {
    const value = mended(candidate);
    if (!isPlan(value)) continue;
    log.push('Mended JSON that was not valid or was cut off.');
    return value;
  }
  return undefined;
}

function strict(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
}

/** The depth of brackets, strings aside: the repair library recurses, so a hostile depth must not reach it. */
function mended(text: string): JsonValue | undefined {
  let depth = 0;
  for (const char of text) {
    if (char === '{' || char === '[') depth += 1;
    else if (char === '}' || char === ']') depth -= 1;
    if (depth > 200) return undefined;
  }
  try {
    // A fence that opens or closes the object is no part of it; one inside a string is.
    return JSON.parse(jsonrepair(text.replace(/\s*```\s*$/u, ''))) as JsonValue;
  } catch {
    return undefined;
  }
}

const isPlan = (value: JsonValue | undefined): value is JsonValue =>
  (isJsonObject(value) && ['steps', 'summary', 'answer', 'tool', 'plan'].some((key) => Object.hasOwn(value, key))) ||
  (Array.isArray(value) &&
    value.length > 0 &&
    value.every((item) => isJsonObject(item) && Object.hasOwn(item, 'tool')));

interface Part {
  readonly start: number;
  readonly text: string;
}

/**
 * Balanced objects and arrays of a text, the longest first. Knows strings, so that a brace or a code fence inside a
 * parameter neither opens nor closes anything.
 */
function objectsIn(text: string): readonly Part[] {
  const parts: Part[] = [];
  let at = 0;
  // Each start is scanned to its own end once; a bound keeps a text of nothing but braces from costing a square.
  for (let starts = 0; starts < 50; starts += 1) {
    const offset = text.slice(at).search(/[{[]/u);
    if (offset < 0) break;
    const start = at + offset;
    const end = endOf(text, start);
    if (end === null) at = start + 1;
    else {
      parts.push({ start, text: text.slice(start, end) });
      at = end;
    }
  }
  return parts.sort((a, b) => b.text.length - a.text.length);
}

/** Index after the bracket that closes the one at `start`, or null when it is never closed. */
function endOf(text: string, start: number): number | null {
  let depth = 0;
  let inString = false;
  for (let at = start; at < text.length; at += 1) {
    const char = text[at];
    if (inString) {
      if (char === '\\') at += 1;
      else if (char === '"') inString = false;
    } else if (char === '"') inString = true;
    else if (char === '{' || char === '[') depth += 1;
    else if (char === '}' || char === ']') {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return null;
}

const textOf = (value: JsonValue | undefined, max: number): string =>
  typeof value === 'string' ? cutText(cleanText(value).trim(), max) : '';

function draftOf(value: JsonValue, log: string[]): Result<PlanDraft, string> {
  const root: JsonObject = Array.isArray(value) ? { steps: value } : unwrap(value as JsonObject);
  const given = Object.hasOwn(root, 'steps') ? root['steps'] : Object.hasOwn(root, 'tool') ? [root] : [];
  if (given !== null && given !== undefined && !Array.isArray(given)) return err('its "steps" is not a list');
  const all: readonly JsonValue[] = (given as readonly JsonValue[] | null | undefined) ?? [];
  if (all.length > STEPS_MAX) log.push(`It had ${all.length} steps; the first ${STEPS_MAX} were kept.`);
  const steps = all.slice(0, STEPS_MAX).map((step, index) => stepOf(step, index + 1, log));
  return ok({
    summary: textOf(root['summary'], SUMMARY_CHARS_MAX),
    answer: textOf(root['answer'], ANSWER_CHARS_MAX),
    steps,
    log,
  });
}

/** Some models put the plan into a key of its own. */
const unwrap = (root: JsonObject): JsonObject =>
  isJsonObject(root['plan']) && !Object.hasOwn(root, 'steps') ? root['plan'] : root;

/** Any JSON as a step; what is missing is empty and will be quarantined with its reason, so that it is seen. */
function stepOf(value: JsonValue, n: number, log: string[]): PlannedStep {
  if (!isJsonObject(value)) {
    log.push(`Step ${n} is not an object.`);
    return { tool: '', args: value, rationale: '', evidence: [], dependsOn: [] };
  }
  const nested = isJsonObject(value['function']) ? value['function'] : value;
  const tool = [nested['tool'], nested['name'], nested['action']].find((name) => typeof name === 'string');
  const args = [nested['args'], nested['arguments'], nested['parameters'], nested['input']].find(
    (one) => one !== undefined,
  );
  return {
    tool: textOf(tool, 200),
    args: typeof args === 'string' ? argsFromText(args, n, log) : (args ?? {}),
    rationale: textOf(value['rationale'] ?? value['reason'] ?? value['why'], RATIONALE_CHARS_MAX),
    evidence: evidenceOf(value['evidence']),
    dependsOn: numbersOf(value['dependsOn']),
  };
}

/** Arguments that came as text: JSON in a string, as function calls carry it, maybe cut off or fenced. */
function argsFromText(text: string, n: number, log: string[]): JsonValue {
  const exact = strict(text);
  if (exact !== undefined) return exact;
  const value = mended(text);
  if (value === undefined || !isJsonObject(value)) return text;
  log.push(`Mended the arguments of step ${n}.`);
  return value;
}

function numbersOf(value: JsonValue | undefined): readonly number[] {
  const list: readonly JsonValue[] = Array.isArray(value) ? value : value === undefined ? [] : [value];
  const numbers = list.map((item) => (typeof item === 'string' ? Number(item.replace(/^step:/u, '')) : item));
  return numbers
    .filter((item): item is number => typeof item === 'number' && Number.isSafeInteger(item))
    .slice(0, DEPENDS_MAX);
}

/** `{"ref":"notes/<id>","quote":"..."}` or `{"table","id","quote"}`; anything else is left out. */
function evidenceOf(value: JsonValue | undefined): readonly Evidence[] {
  const list: readonly JsonValue[] = Array.isArray(value) ? value : value === undefined ? [] : [value];
  return list.slice(0, EVIDENCE_MAX).flatMap((item) => {
    if (!isJsonObject(item)) return [];
    const ref = typeof item['ref'] === 'string' ? item['ref'].split(/[/|:]/u) : [];
    const table = typeof item['table'] === 'string' ? item['table'] : (ref[0] ?? '');
    const id = (typeof item['id'] === 'string' ? item['id'] : (ref[1] ?? '')).toLowerCase();
    const quote = textOf(item['quote'] ?? item['text'], 1000);
    return table === '' || id === '' || quote === '' ? [] : [{ table, id, quote }];
  });
}
