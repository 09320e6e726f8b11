/** Words that say nothing about what a text is about, and those of planning itself. */
const STOP_WORDS = new Set(
  `a about above after again all also am an and any are as at be because been before being below between both but by can could day days did do does doing
  done down during each every few find for from further get give had has have having he help her here hers him his how i if in into is it its itself just keep
  know let like list look looking looks made make many me mine month more morning most much must my myself need needs new next no nor not note notes now of off
  on once one only open or other our ours out over own per plan planned planning plans please propose review same say schedule see set she should so some such
  suggest take task tasks than that the their them then there these they thing things this those through time to today todo todos tomorrow too turn under until
  up update upon us use very want was watch we week weekday weekdays weekly weeks were what when where which while who whom why will with work would year you
  your yours yourself everything something anything mission missions item items daily evening hour hours date dates due overdue done finish prepare organise
  organize ready`.split(/\s+/u),
);
const WORDS_MAX = 20;

const normal = (word: string): string => word.toLocaleLowerCase('en').normalize('NFKD').replace(/\p{M}/gu, '');

/** The least that two forms of one word share: `trips` and `trip`, `hotels` and `hotel`. */
const stem = (word: string): string => (word.length > 4 ? word.replace(/(?:'s|es|s)$/u, '') : word);

/** What an objective is about: its words without those that every objective has, as they are written, each once. */
export function keyWords(text: string): readonly string[] {
  const byStem = new Map<string, string>();
  for (const [word] of text.matchAll(/[\p{L}\p{N}][\p{L}\p{N}'-]+/gu)) {
    const plain = normal(word);
    if (plain.length < 3 || STOP_WORDS.has(plain) || /^\d+$/u.test(plain)) continue;
    if (!byStem.has(stem(plain))) byStem.set(stem(plain), word);
  }
  return [...byStem.values()].slice(0, WORDS_MAX);
}

/** Which of the words a text has, as whole words in any form. */
export function mentions(text: string, words: readonly string[]): readonly string[] {
  const has = new Set([...text.matchAll(/[\p{L}\p{N}][\p{L}\p{N}'-]+/gu)].map(([word]) => stem(normal(word))));
  return words.filter((word) => has.has(stem(normal(word))));
}
