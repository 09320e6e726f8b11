import { isJsonObject, type JsonObject, type JsonValue } from '@manara/kernel/json';
import { err, ok, type Result } from '@manara/kernel/result';
import { jsonrepair } from 'jsonrepair';
import { cleanText, cutText } from './clean-text.ts';
import { STEPS_MAX } from './plan-limits.ts';
import type { PlanDraft } from './planner-context.ts';
import type { Evidence } from './tables/plans.ts';
import type { PlannedStep } from './tool.ts';

/** A longer reply is not read: nothing good is that long. In UTF-16 units. */
export const REPLY_CHARS_MAX = 1_000_000;
const SUMMARY_CHARS_MAX = 1000;
const ANSWER_CHARS_MAX = 20_000;
const RATIONALE_CHARS_MAX = 2000;
const EVIDENCE_MAX = 5;
const DEPENDS_MAX = 20;
/** Deeper JSON than a stored value may have is not a plan. */
const DEPTH_MAX = 24;
/** Of a long broken reply its beginning is mended: the steps that count stand there, and mending 1 MB takes a second. */
const MEND_CHARS_MAX = 150_000;
/** How many objects found in prose are tried. */
const PARTS_MAX = 10;
/** Names under which models give the list of steps, the asked one aside. */
const STEPS_NAMES = ['plan', 'actions', 'suggestions', 'changes'] as const;
/** Tags between which a model thinks aloud before it answers. */
const THOUGHT_TAG = /<(\/?)(?:think|thinking|thoughts?|reasoning)>/giu;
const [QUOTE, BACKSLASH, OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET] = [0x22, 0x5c, 0x7b, 0x7d, 0x5b, 0x5d];

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
  if (tooDeep(found.value)) return err(`it is nested deeper than ${DEPTH_MAX} levels`);
  return draftOf(found, log);
}

/**
 * Reads a chat's reply: as {@link parseReply}, and prose that was never meant as JSON is the answer itself, without steps.
 * What begins as a web page, or holds a brace that could not be read, stays unreadable: the model is asked again.
 */
export function parseAnswer(reply: string): Result<PlanDraft, string> {
  const parsed = parseReply(reply);
  if (parsed.ok || reply.length > REPLY_CHARS_MAX || /[{<]/u.test(outsideThoughts(reply))) return parsed;
  const answer = textOf(outsideThoughts(reply), ANSWER_CHARS_MAX);
  return answer === '' ? parsed : ok({ summary: '', answer, steps: [], log: [] });
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

interface Found {
  readonly value: JsonValue;
  /** set when the text was broken off: the value without the step within which it ends; null: no step was whole */
  readonly cut?: JsonValue | null;
}

/** What stands outside of the model's thoughts; a draft within them counts only when nothing stands outside. */
function readJson(text: string, log: string[]): Found | undefined {
  const whole = strict(text);
  if (isPlan(whole)) return { value: whole };
  const outside = outsideThoughts(text);
  return planIn(outside, log) ?? (outside === text ? undefined : planIn(text, log));
}

function planIn(text: string, log: string[]): Found | undefined {
  const embedded = objectsIn(text).map((part) => ({ ...part, value: strict(part.text) }));
  // Who drafts aloud ends with what is meant.
  const plan = embedded.findLast(({ value }) => isWholePlan(value))?.value;
  if (plan !== undefined) {
    log.push('Took the JSON object out of the text around it.');
    return { value: plan };
  }
  // A cut plan holds whole steps: it is mended before one of these is taken for all of it.
  const start = text.search(/[{[]/u);
  const longestFirst = [...embedded].sort((a, b) => b.text.length - a.text.length);
  for (const broken of start < 0 ? [] : [text.slice(start), ...longestFirst.map((part) => part.text)]) {
    const value = mended(broken);
    if (!isPlan(value)) continue;
    log.push('Mended JSON that was not valid or was cut off.');
    return mendedPlan(value, broken.slice(0, MEND_CHARS_MAX));
  }
  const step = embedded.findLast(({ value }) => isPlan(value))?.value;
  return step === undefined ? undefined : { value: step };
}

/**
 * The text without the model's thoughts. An opening tag may be missing, as where a template writes it, and a thought may
 * name its own tag: it ends at the last closing one. A tag within a whole plan is a parameter's text.
 */
function outsideThoughts(text: string): string {
  if (text.search(THOUGHT_TAG) < 0) return text;
  const plans = objectsIn(text).filter((part) => isWholePlan(strict(part.text)));
  let outside = '';
  let from: number | null = 0;
  for (const { index, 0: tag, 1: slash } of text.matchAll(THOUGHT_TAG)) {
    if (plans.some((plan) => plan.start < index && index < plan.start + plan.text.length)) continue;
    if (slash === '') {
      if (from !== null) outside += text.slice(from, index);
      from = null;
    } else {
      if (from !== null) outside = '';
      from = index + tag.length;
    }
  }
  return from === null ? outside : outside + text.slice(from);
}

function strict(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
}

/** The depth of brackets, strings aside: the repair library recurses, so a hostile depth must not reach it. */
function mended(given: string): JsonValue | undefined {
  const text = given.slice(0, MEND_CHARS_MAX);
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

const isWholePlan = (value: JsonValue | undefined): value is JsonValue =>
  Array.isArray(value) ? isPlan(value) : isJsonObject(value) && !Object.hasOwn(value, 'tool') && isPlan(value);

function isPlan(value: JsonValue | undefined): value is JsonValue {
  if (Array.isArray(value))
    return value.length > 0 && value.every((item) => isJsonObject(item) && Object.hasOwn(item, 'tool'));
  if (!isJsonObject(value)) return false;
  const root = unwrap(value);
  return ['steps', 'summary', 'answer', 'tool'].some((key) => Object.hasOwn(root, key)) || stepsIn(root) !== undefined;
}

/** Some models put the plan into a key of its own. */
const unwrap = (root: JsonObject): JsonObject =>
  isWrapped(root) ? { ...root, ...(root['plan'] as JsonObject) } : root;
const isWrapped = (root: JsonObject): boolean => isJsonObject(root['plan']) && !Object.hasOwn(root, 'steps');

/** The list of steps under the name that was asked for, whatever it holds, or under another when it does hold steps. */
function stepsIn(root: JsonObject): JsonValue | undefined {
  if (Object.hasOwn(root, 'steps')) return root['steps'];
  const lists = STEPS_NAMES.map((name) => root[name]).filter((list) => Array.isArray(list) && list.every(isStep));
  return lists.find((list) => (list as readonly JsonValue[]).length > 0) ?? lists[0];
}

const isStep = (value: JsonValue): boolean =>
  isJsonObject(value) && ['tool', 'name', 'action', 'function'].some((key) => Object.hasOwn(value, key));

interface Part {
  readonly start: number;
  readonly text: string;
}

/**
 * The outermost balanced objects and arrays of a text, the longest of them in their order, in one pass. Knows strings, so
 * that a brace or a code fence inside a parameter neither opens nor closes anything; quotes in the prose around are no
 * strings.
 */
function objectsIn(text: string): readonly Part[] {
  const open: number[] = [];
  const closed: { readonly start: number; readonly end: number }[] = [];
  let inString = false;
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charCodeAt(at);
    if (inString) {
      if (char === BACKSLASH) at += 1;
      else if (char === QUOTE) inString = false;
    } else if (char === QUOTE) inString = open.length > 0;
    else if (char === OPEN_BRACE || char === OPEN_BRACKET) open.push(at);
    else if (char === CLOSE_BRACE || char === CLOSE_BRACKET) {
      const start = open.pop();
      if (start === undefined) continue;
      while ((closed[closed.length - 1]?.start ?? -1) > start) closed.pop();
      closed.push({ start, end: at + 1 });
    }
  }
  const longest = closed.toSorted((a, b) => b.end - b.start - (a.end - a.start)).slice(0, PARTS_MAX);
  return longest.sort((a, b) => a.start - b.start).map(({ start, end }) => ({ start, text: text.slice(start, end) }));
}

interface Brackets {
  /** how many stay open at the end */
  readonly open: number;
  /** where the last one closed that left so many open, by their number */
  readonly closed: readonly number[];
}

/**
 * The brackets of a broken text. Strings as they are mended: in either kind of quotes, and a quote ends one only where a
 * value may end, so that a bare one within a title does not.
 */
function bracketsOf(text: string): Brackets {
  const closed: number[] = [];
  let open = 0;
  let before = '';
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at] ?? '';
    if (/\s/u.test(char)) continue;
    if (char === '"' || (char === "'" && '{[,:'.includes(before))) at = endOfString(text, at, char);
    else if (char === '{' || char === '[') open += 1;
    else if ((char === '}' || char === ']') && open > 0) {
      open -= 1;
      closed[open] = at + 1;
    }
    before = char;
  }
  return { open, closed };
}

function endOfString(text: string, start: number, quote: string): number {
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === quote && ends(text, at + 1)) return at;
  }
  return text.length;
}

/** Whether a value may have ended here: at a comma, a colon, a closing bracket, or the end. */
function ends(text: string, from: number): boolean {
  let at = from;
  while (/\s/u.test(text[at] ?? '')) at += 1;
  return at >= text.length || ',:}]'.includes(text[at] ?? '');
}

const textOf = (value: JsonValue | undefined, max: number): string =>
  typeof value === 'string' ? cutText(cleanText(value).trim(), max) : '';

function draftOf({ value, cut }: Found, log: string[]): Result<PlanDraft, string> {
  const root = rootOf(value);
  const answer = textOf(root['answer'], ANSWER_CHARS_MAX);
  const given = cut === null ? [] : stepsOf(cut ?? value);
  if (given !== null && !Array.isArray(given)) return err('its "steps" is not a list');
  const all = (given as readonly JsonValue[] | null) ?? [];
  if (cut !== undefined && all.length === 0 && answer === '') return err('it was cut off before its first step ended');
  if (cut !== undefined && cut !== value)
    log.push('The reply was cut off: its last step may be incomplete and was left out.');
  if (all.length > STEPS_MAX) log.push(`It had ${all.length} steps; the first ${STEPS_MAX} were kept.`);
  const steps = all.slice(0, STEPS_MAX).map((step, index) => stepOf(step, index + 1, log));
  return ok({ summary: textOf(root['summary'], SUMMARY_CHARS_MAX), answer, steps, log });
}

const rootOf = (value: JsonValue): JsonObject =>
  Array.isArray(value) ? { steps: value } : unwrap(value as JsonObject);

function stepsOf(value: JsonValue): JsonValue {
  const root = rootOf(value);
  return stepsIn(root) ?? (Object.hasOwn(root, 'tool') ? [root] : []);
}

/**
 * A plan out of broken text. A step within which the text ends is left out: half a text would replace the whole one of a
 * note. The text is cut back and mended anew, for of a cut step more than one may be made.
 */
function mendedPlan(value: JsonValue, text: string): Found {
  const { open, closed } = bracketsOf(text);
  if (open === 0) return { value };
  const depth = listDepth(value, text);
  if (open <= depth) return { value, cut: value };
  const before = closed[depth] === undefined ? undefined : mended(text.slice(0, closed[depth]));
  return { value, cut: isPlan(before) ? before : null };
}

/** In how many brackets a step stands: none for one alone, and for steps one a line. */
function listDepth(value: JsonValue, text: string): number {
  if (Array.isArray(value)) return text.startsWith('[') ? 1 : 0;
  const root = value as JsonObject;
  if (stepsIn(unwrap(root)) === undefined && Object.hasOwn(root, 'tool')) return 0;
  return isWrapped(root) ? 3 : 2;
}

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
