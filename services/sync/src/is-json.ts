// Patterns are for what is rarer; what half a megabyte may consist of is looked at by hand.
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const WORD = /true|false|null/y;
const CODE_UNIT = /u[0-9a-fA-F]{4}/y;
const ESCAPED = new Set('"\\/bfnrt');

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const ZERO = 0x30;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

// What may come next. Numbers, for this runs a million times. The first two include the end of what was just opened.
const ANY = 0;
const KEY = 1;
const VALUE = 2;
const ANOTHER_KEY = 3;
const AFTER_KEY = 4;
const AFTER_VALUE = 5;

/**
 * Whether `JSON.parse` would take the text, without making the value: for texts that are refused anyway, of which only
 * the reason is to be told. One pass with no recursion.
 */
export function isJson(text: string): boolean {
  /** Of each open level, whether it is an object. */
  const objects = new Uint8Array(text.length + 1);
  let level = 0;
  let next: number = VALUE;
  let at = 0;
  while (at < text.length) {
    const unit = text.charCodeAt(at);
    if (isSpace(unit)) {
      at += 1;
    } else if (unit === COMMA) {
      if (next !== AFTER_VALUE || level === 0) return false;
      next = objects[level] === 1 ? ANOTHER_KEY : VALUE;
      at += 1;
    } else if (unit === COLON) {
      if (next !== AFTER_KEY) return false;
      next = VALUE;
      at += 1;
    } else if (unit === CLOSE_LIST || unit === CLOSE_OBJECT) {
      const isOpen = level > 0 && objects[level] === (unit === CLOSE_OBJECT ? 1 : 0);
      if (!isOpen || (next !== AFTER_VALUE && next !== ANY && next !== KEY)) return false;
      level -= 1;
      next = AFTER_VALUE;
      at += 1;
    } else if (next === KEY || next === ANOTHER_KEY) {
      if (unit !== QUOTE) return false;
      at = endOfText(text, at);
      next = AFTER_KEY;
    } else if (next === AFTER_KEY || next === AFTER_VALUE) {
      return false;
    } else if (unit === OPEN_LIST || unit === OPEN_OBJECT) {
      level += 1;
      objects[level] = unit === OPEN_OBJECT ? 1 : 0;
      next = unit === OPEN_OBJECT ? KEY : ANY;
      at += 1;
    } else {
      at = unit === QUOTE ? endOfText(text, at) : endOfPlain(text, at);
      next = AFTER_VALUE;
    }
    if (at < 0) return false;
  }
  return level === 0 && next === AFTER_VALUE;
}

const isSpace = (unit: number): boolean => unit === SPACE || unit === 0x0a || unit === 0x0d || unit === 0x09;

/** The index behind the quoted text that begins at `start`, or -1. */
function endOfText(text: string, start: number): number {
  let at = start + 1;
  while (at >= 0 && at < text.length) {
    const unit = text.charCodeAt(at);
    if (unit < SPACE) return -1;
    if (unit === QUOTE) return at + 1;
    if (unit !== BACKSLASH) at += 1;
    else if (ESCAPED.has(text.charAt(at + 1))) at += 2;
    else at = endOfMatch(CODE_UNIT, text, at + 1);
  }
  return -1;
}

/** The index behind the number or word that begins at `start`, or -1. */
function endOfPlain(text: string, start: number): number {
  const unit = text.charCodeAt(start);
  if (unit >= 0x61) return endOfMatch(WORD, text, start);
  const following = text.charCodeAt(start + 1);
  const isDigit = unit >= ZERO && unit <= 0x39;
  if (isDigit && (following === COMMA || following === CLOSE_LIST || following === CLOSE_OBJECT)) return start + 1;
  return endOfMatch(NUMBER, text, start);
}

/** The index behind what the sticky pattern matches at `start`, or -1. */
function endOfMatch(pattern: RegExp, text: string, start: number): number {
  pattern.lastIndex = start;
  return pattern.test(text) ? pattern.lastIndex : -1;
}
