/** A piece of a text: as it reads, or the name of what stands there and cannot be seen. */
export type ExactPart = { readonly text: string } | { readonly hidden: string };

/** More than this many in a row are counted, not named one by one. */
const NAMED_MAX = 2;

/** Invisible, or moving what stands around it: controls, formats such as bidi overrides, fillers, tags, line separators. */
const HIDDEN = /[\p{Default_Ignorable_Code_Point}\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;
const EMOJI_JOINED = /[\p{Extended_Pictographic}\p{Emoji_Modifier}]\uFE0F?\u200D(?=\p{Extended_Pictographic})/u;
const EMOJI_SELECTED = /\p{Emoji}[\uFE0E\uFE0F]/u;
/** Persian, Hindi and others need the joiners; between Latin letters they only make two words look like one. */
const LETTER = /(?![\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\p{Script=Han}])[\p{L}\p{M}]/u;
const LETTERS_JOINED = new RegExp(`${LETTER.source}[\\u200C\\u200D](?=${LETTER.source})`, 'u');
/** What people write, though HIDDEN holds parts of it. */
const MEANT = new RegExp(
  [/[\n\t]|\r\n/, EMOJI_JOINED, EMOJI_SELECTED, LETTERS_JOINED].map(({ source }) => source).join('|'),
  'uy',
);

/**
 * Splits a text so that what it holds can be seen: a decision is about the exact characters, and some show nothing (zero width,
 * tags) or turn others round (bidi overrides). Concatenated, the parts leave none of the text out.
 */
export function exactParts(text: string): ExactPart[] {
  if (!HIDDEN.test(text)) return text === '' ? [] : [{ text }];
  const parts: ExactPart[] = [];
  let plain = '';
  let hidden: string[] = [];
  const endPlain = (): void => {
    if (plain !== '') parts.push({ text: plain });
    plain = '';
  };
  const endHidden = (): void => {
    if (hidden.length > NAMED_MAX) parts.push({ hidden: `${hidden.length} hidden characters` });
    else for (const name of hidden) parts.push({ hidden: name });
    hidden = [];
  };
  for (let at = 0; at < text.length; ) {
    const point = String.fromCodePoint(text.codePointAt(at) ?? 0);
    MEANT.lastIndex = at;
    const meant = MEANT.exec(text)?.[0];
    if (meant === undefined && HIDDEN.test(point)) {
      endPlain();
      hidden.push(codePointName(point));
      at += point.length;
    } else {
      endHidden();
      plain += meant ?? point;
      at += (meant ?? point).length;
    }
  }
  endPlain();
  endHidden();
  return parts;
}

const codePointName = (point: string): string =>
  `U+${(point.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
