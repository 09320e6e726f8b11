import { readMarkdown } from './read-markdown.ts';

/** What may be a task box. Which ones are is for the parser to say: code, quotes and lists in lists have rules of their own. */
const BOX = /^[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t>]+)+\[[ xX]\](?=[ \t]+\S)/gm;

const boxes = (source: string): boolean[] =>
  [...readMarkdown(source).taskIndex.keys()].map((item) => 'checked' in item && item.checked === true);

/** The text with the signs at these places turned from set to clear and back. */
function flip(source: string, places: readonly number[]): string {
  const signs = source.split('');
  for (const at of places) signs[at] = signs[at] === ' ' ? 'x' : ' ';
  return signs.join('');
}

/**
 * The same text with the n-th task box set. Unchanged when the box cannot be found with certainty: a wrong box ticked is
 * worse than none.
 */
export function toggleTask(source: string, index: number, checked: boolean): string {
  const before = boxes(source);
  if (before[index] === undefined || before[index] === checked) return source;
  let places = [...source.matchAll(BOX)].map((match) => match.index + match[0].length - 2);
  // The box is in the half that turns it when it is turned.
  while (places.length > 1) {
    const half = places.slice(0, places.length >> 1);
    places = boxes(flip(source, half))[index] === checked ? half : places.slice(half.length);
  }
  const next = flip(source, places);
  return boxes(next).join() === before.with(index, checked).join() ? next : source;
}
