import { NESTING_MAX } from '@manara/protocol/limits';

/** What a text looks like before it is parsed. */
export interface JsonScan {
  /** arrays and objects within each other */
  readonly depth: number;
  /** most members of one object */
  readonly widest: number;
  /** most members of one array of those down to {@link OPS_LEVEL}: a longer one below is its op's own affair */
  readonly longest: number;
  /** every bracket is closed by its like, and nothing follows the first value */
  readonly balanced: boolean;
}

/** `{"batch":{"ops":[` */
const OPS_LEVEL = 3;
const [QUOTE, COMMA, BACKSLASH] = [0x22, 0x2c, 0x5c];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/**
 * One pass over the text with no recursion and no garbage. Parsing half a million brackets costs 250 ms, and a parsed
 * value cannot be walked without a stack of its own; this tells beforehand that it is not worth it.
 */
export function scanJson(text: string): JsonScan {
  // Which kind of bracket is open at each level; only levels that count need their members counted.
  const kinds = new Uint8Array(text.length + 1);
  const members = new Uint32Array(NESTING_MAX + 2);
  let level = 0;
  let depth = 0;
  let widest = 0;
  let longest = 0;
  let inText = false;
  let hasEnded = false;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (inText) {
      if (unit === BACKSLASH) index++;
      else if (unit === QUOTE) inText = false;
    } else if (unit === QUOTE) {
      inText = true;
    } else if (unit === COMMA) {
      const counted = Math.min(level, NESTING_MAX + 1);
      const count = (members[counted] ?? 0) + 1;
      members[counted] = count;
      if (kinds[level] === OPEN_OBJECT) widest = Math.max(widest, count);
      else if (level <= OPS_LEVEL) longest = Math.max(longest, count);
    } else if (unit === OPEN_LIST || unit === OPEN_OBJECT) {
      if (hasEnded) return { depth, widest, longest, balanced: false };
      level++;
      kinds[level] = unit;
      if (level <= NESTING_MAX + 1) members[level] = 1;
      if (level > depth) depth = level;
    } else if (unit === CLOSE_LIST || unit === CLOSE_OBJECT) {
      // In ASCII a bracket closes the one two places before it.
      if (level === 0 || kinds[level] !== unit - 2) return { depth, widest, longest, balanced: false };
      level--;
      hasEnded = level === 0;
    }
  }
  return { depth, widest, longest, balanced: level === 0 && !inText };
}
