/** Text that the wire takes: no NUL, no half of a surrogate pair. Everything else stays byte for byte. */
export const cleanText = (text: string): string => text.replaceAll('\0', '').toWellFormed();

/** One line: line breaks and runs of white space become one space. For titles. */
export const oneLine = (text: string): string => cleanText(text).replace(/\s+/gu, ' ').trim();

/** At most `max` UTF-16 units, with an ellipsis when cut, never in the middle of a surrogate pair. */
export function cutText(text: string, max: number): string {
  if (text.length <= max) return text;
  const end = text.charCodeAt(max - 2) >= 0xd800 && text.charCodeAt(max - 2) <= 0xdbff ? max - 2 : max - 1;
  return `${text.slice(0, end)}…`;
}

/** `"Buy milk"`, cut to a length that a sentence can hold; `"Untitled"` for no text. */
export const quoted = (text: string): string => `"${cutText(oneLine(text), 80) || 'Untitled'}"`;
