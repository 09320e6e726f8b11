/** "1 change", "5 changes". `plural` for words that do not just take an s. */
export function countWords(count: number, one: string, plural = `${one}s`): string {
  return `${count} ${count === 1 ? one : plural}`;
}
