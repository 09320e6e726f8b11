import { readMarkdown } from './read-markdown.ts';

const FENCE = /^\s{0,3}(`{3,}|~{3,})/;
const TASK = /^((?:\s|>)*(?:[-*+]|\d{1,9}[.)])\s+)\[([ xX])\](?=\s)/;

/**
 * The same text with the n-th task box set. Unchanged when the box cannot be found with certainty: a wrong box ticked is
 * worse than none.
 */
export function toggleTask(source: string, index: number, checked: boolean): string {
  const lines = source.split('\n');
  const found: number[] = [];
  let fence: string | null = null;
  for (const [at, line] of lines.entries()) {
    const mark = FENCE.exec(line)?.[1];
    if (mark && fence === null) fence = mark;
    else if (mark && fence !== null && mark.startsWith(fence)) fence = null;
    else if (fence === null && TASK.test(line)) found.push(at);
  }
  const at = found[index];
  if (at === undefined || found.length !== readMarkdown(source).taskIndex.size) return source;
  lines[at] = (lines[at] ?? '').replace(TASK, `$1[${checked ? 'x' : ' '}]`);
  return lines.join('\n');
}
