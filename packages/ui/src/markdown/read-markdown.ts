import { Lexer, type Token, type Tokens } from 'marked';

const NESTING_MAX = 24;
const ALLOWED = new Set(['http:', 'https:', 'mailto:']);
const NAMED: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\u00a0' };

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
  let tokens: Token[];
  try {
    tokens = new Lexer({ gfm: true, breaks: true }).lex(source);
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
