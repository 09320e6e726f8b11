import { MONTHS, WEEKDAYS } from './calendar-day.ts';

/** Words that say nothing about what a text is about, and those of planning itself. Shorter ones are left out anyway. */
const STOP_WORDS =
  `about above across acting acts after afternoon afternoons again agenda ahead aims almost along already also although
  always among another anybody anyone anything anywhere apart around aside away back because been before beginning begun behind
  being below beneath beside besides best better between beyond bits book booked books both bought brought buried
  buries bury calendar came cannot case cases chose chosen could couple daily date dates days done down drawn dropped
  dropping during each earlier early easily easy either else elsewhere enough entries entry especially even evening
  evenings ever every everybody everyone everything everywhere exactly example examples except felt fewer finally fine
  first forgetting forgot forgotten fortnight found fourth fresh from full fully further gave generally getting given goal goals
  gone good great half hard hardly heard held hello hence here hers herself high himself hour hourly hours however
  idea ideas immediately important inbox indeed inside instead into issue issues item items itself just kept kind knew
  known laid lain large last late lately later least left less letting life like list lists little long longer lost
  lots lying made mainly make makes making many matter maybe meant meanwhile meet meets mere midnight might mind mine
  minute minutes mission missions module moment month monthly months more moreover morning mornings most mostly much
  must myself near nearly need needed needs never nevertheless next nice night nightly nights nobody none noon note notes nothing
  nowhere number objective objectives often okay once ones only onto other others otherwise ought ours ourselves
  outside over overdue paid part particular parts past people perhaps person piece place places planned planning
  please plenty point points possible previous priorities priority probably problem problems progress properly
  proposal proposals purpose putting question questions quick quickly quite rather read reads ready really reason
  reasons recent recently regularly reminder reminders rest review reviews right running said same save saved saves
  schedule scheduled schedules second seen sent sets setting several shall short should shown side simple simply since
  sitting slow slowly small sold some somebody somehow someone something sometime sometimes somewhere soon sooner
  spend spends spent status step steps still stood stopped stopping straight stuck stuff subject such suggestion
  suggestions sure taken task tasks taught than that their theirs them themselves then there therefore these they
  thing things third this those though thought through throughout thrown thus till time times today todo todos
  together told tomorrow tonight took topic topics toward towards twice under understood unless unlike until upon
  urgent urgently usual usually various very week weekday weekdays weekend weekends weekly weeks well went were what
  whatever when whenever where wherever whether which while whoever whole whom whose will with within without wont
  worn would write writes written wrote year yearly years yesterday your yours yourself`.split(/\s+/u);

/**
 * Verbs that any todo may begin with: "call" in an objective does not say which call is meant. Those that name a subject
 * themselves, such as cook, learn and travel, are not here.
 */
const VERBS =
  `accept achieve add agree allow answer appear arrange arrive ask assume avoid be become begin believe bring buy call
  care carry cause change check choose clean clear close collect come complete confirm consider contain continue create deal
  decide delete describe discuss do drop email end enjoy ensure expect explain fail feel fetch figure fill find finish
  fix focus follow forget gather get give glance go group guess handle happen have hear help hold hope include invite
  involve join keep know lead leave let lie listen look lose love manage mark mean mention message miss move name
  notice obtain offer open order organise organize own pass pay pick plan prefer prepare produce propose provide pull
  push put raise reach receive remain remember remind remove reply request require respond return say see seem send
  serve share show sit solve sort speak stand start stay stop suggest suppose take talk tell thank think throw tick
  tidy touch track treat try turn understand update use wait want watch wish wonder work worry`.split(/\s+/u);

/** What a verb looks like in a sentence, without the irregular ones: asks, decided, happening, tidies. */
function verbForms(verb: string): readonly string[] {
  const root = verb.replace(/e$/u, '');
  const past = root.replace(/([^aeiou])y$/u, '$1i');
  return [verb, `${verb}s`, `${past}es`, `${past}ed`, `${root}ing`];
}

const STOPPED: ReadonlySet<string> = new Set([
  ...STOP_WORDS,
  ...VERBS.flatMap(verbForms),
  ...[...WEEKDAYS, ...MONTHS].flatMap((name) => [name.toLowerCase(), `${name.toLowerCase()}s`]),
]);
/** A word of fewer letters tells too little. */
const LETTERS_MIN = 4;
const WORDS_MAX = 20;

const normal = (word: string): string => word.toLocaleLowerCase('en').normalize('NFKD').replace(/\p{M}/gu, '');

/** The least that two forms of one word share: `trips` and `trip`, `hotels` and `hotel`. */
const stem = (word: string): string => (word.length > 4 ? word.replace(/(?:'s|es|s)$/u, '') : word);

/** What an objective is about: its words without those that every objective has, as they are written, each once. */
export function keyWords(text: string): readonly string[] {
  const byStem = new Map<string, string>();
  for (const [word] of text.matchAll(/[\p{L}\p{N}][\p{L}\p{N}'-]+/gu)) {
    // "don't" is as common as "do".
    const plain = normal(word).replace(/n't$|'(?:s|m|re|ve|ll|d)$/u, '');
    const letters = plain.match(/\p{L}/gu)?.length ?? 0;
    if (letters < LETTERS_MIN || STOPPED.has(plain)) continue;
    if (!byStem.has(stem(plain))) byStem.set(stem(plain), word);
  }
  return [...byStem.values()].slice(0, WORDS_MAX);
}

/** Which of the words a text has, as whole words in any form. */
export function mentions(text: string, words: readonly string[]): readonly string[] {
  const has = new Set([...text.matchAll(/[\p{L}\p{N}][\p{L}\p{N}'-]+/gu)].map(([word]) => stem(normal(word))));
  return words.filter((word) => has.has(stem(normal(word))));
}
