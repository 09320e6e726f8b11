/** How many a person can add at once. */
export const PASTED_MAX = 500;
const MARKER = /^(?:[-*+•]|\d{1,3}[.)])(?:\s+|$)/u;
const TASK_BOX = /^\[[ xX]?\](?:\s+|$)/u;

/** The titles in a text of several lines, without the marks of a list; null for a text that is one todo. */
export function pastedTodos(text: string): readonly string[] | null {
  const titles = text
    .split(/\r\n?|\n/u)
    .map((line) => line.trim().replace(MARKER, '').replace(TASK_BOX, ''))
    .filter((title) => title !== '');
  return titles.length > 1 ? titles : null;
}
