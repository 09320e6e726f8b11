import { Lexer, type Token, type Tokens } from 'marked';

const ALLOWED = new Set(['http:', 'https:', 'mailto:']);
const NAMED: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\u00a0' };
const NESTING_MAX = 24;
/** Emphasis and links cost the parser their number squared: 64 KB of "**a" took 3.5 s, a paragraph below this takes 5 ms. */
const MARKS_MAX = 1000;
const MARKS = /[*_~`[\]<!]/g;
/** A line that opens more levels than are drawn anyway; the parser would recurse through each. */
const DEEP_LINE = new RegExp(`^(?:[ \\t]*(?:>|[-*+][ \\t]|\\d{1,9}[.)][ \\t])){${NESTING_MAX + 1}}`, 'm');

/** The parser, but for paragraphs that nobody writes by hand: those stay as typed. */
class BoundedLexer extends Lexer {
  override inlineTokens(source: string, tokens: Token[] = []): Token[] {
    if ((source.match(MARKS)?.length ?? 0) <= MARKS_MAX) return super.inlineTokens(source, tokens);
    tokens.push({ type: 'text', raw: source, text: source, escaped: false });
    return tokens;
  }
}

/** Parsed text: tokens only, never HTML. `taskIndex` counts the task boxes from the top, for `toggleTask`. */
export interface MarkdownTree {
  tokens: readonly Token[];
  taskIndex: ReadonlyMap<Token, number>;
}

function childTokens(token: Token): readonly Token[] {
  if (token.type === 'list') return (token as Tokens.List).items;
  if (token.type === 'table') {
    const table = token as Tokens.Table;
    return [...table.header, ...table.rows.flat()].flatMap((cell) => cell.tokens);
  }
  return 'tokens' in token && token.tokens ? token.tokens : [];
}

/**
 * Reads Markdown. Text nested beyond what anyone writes comes back as one plain paragraph: a hostile text must not
 * exhaust the stack of the page that shows it.
 */
export function readMarkdown(source: string): MarkdownTree {
  const plain: MarkdownTree = { tokens: [{ type: 'text', raw: source, text: source }], taskIndex: new Map() };
  if (DEEP_LINE.test(source)) return plain;
  let tokens: Token[];
  try {
    tokens = new BoundedLexer({ gfm: true, breaks: true }).lex(source);
  } catch {
    // The parser recurses and gives up on some texts ("infinite loop"): the reader still gets every word.
    return plain;
  }
  const taskIndex = new Map<Token, number>();
  const walk = (list: readonly Token[], depth: number): boolean =>
    depth <= NESTING_MAX &&
    list.every((token) => {
      if (token.type === 'list_item' && (token as Tokens.ListItem).task) taskIndex.set(token, taskIndex.size);
      return walk(childTokens(token), depth + 1);
    });
  return walk(tokens, 0) ? { tokens, taskIndex } : plain;
}

/** The address of a link that may be followed, else null. `URL` also sees through "java\nscript:". */
export function safeHref(href: string): string | null {
  if (!URL.canParse(href)) return null;
  const url = new URL(href);
  return ALLOWED.has(url.protocol) ? url.href : null;
}

/** `&amp;` and the like as signs; names that are not among the common ones stay as they were typed. */
export function decodeEntities(text: string): string {
  return text.replace(
    /&(?:#(\d{1,7})|#x([\da-f]{1,6})|([a-z]{2,5}));/gi,
    (whole, dec?: string, hex?: string, name?: string) => {
      if (name) return NAMED[name.toLowerCase()] ?? whole;
      const code = dec ? Number(dec) : Number.parseInt(hex ?? '', 16);
      const isSign = code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
      return isSign ? String.fromCodePoint(code) : '\ufffd';
    },
  );
}
