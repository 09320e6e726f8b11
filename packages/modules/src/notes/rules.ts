import { addDays } from '@manara/shared-ai/calendar-day';
import { cutText, oneLine } from '@manara/shared-ai/clean-text';
import { keyWords, mentions } from '@manara/shared-ai/key-words';
import { inputKey } from '@manara/shared-ai/planner-context';
import { type FoundDate, readDate } from '@manara/shared-ai/read-date';
import { createdMs, dayOfInstant, endOfDay } from '@manara/shared-ai/read-date-zone';
import type { PlannedStep, Rule, RuleContext } from '@manara/shared-ai/tool';
import { noteTitle } from './queries.ts';
import { type Note, notes } from './schema.ts';

/** What a rule finds at most; the planner takes fewer, and drops what is known already before it counts. */
const FOUND_MAX = 100;
const LINES_MAX = 3;
const TITLE_CHARS_MAX = 200;
/** The most lines of one note that are looked at. */
const NOTE_LINES_MAX = 5000;

/** A line of a note that asks for something to be done. */
export interface NoteLine {
  readonly note: Note;
  readonly kind: 'box' | 'todo' | 'bullet';
  /** what is to be done, without markup */
  readonly text: string;
  /** as it stands in the note */
  readonly quote: string;
}

const BOX = /^\s*(?:[-*+]|\d{1,9}[.)])\s+\[ \]\s+(\S.*)$/u;
const TODO_LINE = /^\s*(?:[-*+]\s+|#{1,6}\s+|>\s*)*(?:TODO|To-?do|FIXME)\s*:\s*(\S.*)$/u;
const BULLET = /^\s*(?:[-*+]|\d{1,9}[.)])\s+(?!\[[ xX]\])(\S.*)$/u;

/** Text of a line without the markup that a todo's title does not show. */
const plain = (line: string): string =>
  cutText(oneLine(line.replace(/\[([^\]]*)\]\([^)]*\)/gu, '$1').replace(/(\*\*|__|`|~~)/gu, '')), TITLE_CHARS_MAX);

/** Struck out whole: somebody has called it off. */
const isStruck = (line: string): boolean =>
  line.includes('~~') && line.replace(/~~[^~]+~~/gu, '').replace(/[\s.,;]+/gu, '') === '';

/** Lines that ask for something, in their order; those in code fences are someone's example. */
export function askingLines(note: Note): readonly NoteLine[] {
  const found: NoteLine[] = [];
  let fenced = false;
  for (const line of note.body.split('\n', NOTE_LINES_MAX)) {
    if (/^\s*(```|~~~)/u.test(line)) {
      fenced = !fenced;
      continue;
    }
    if (fenced) continue;
    const [kind, match] = (
      [
        ['todo', TODO_LINE],
        ['box', BOX],
        ['bullet', BULLET],
      ] as const
    )
      .map(([name, pattern]) => [name, pattern.exec(line)] as const)
      .find(([, hit]) => hit !== null) ?? [null, null];
    const raw = match?.[1] ?? '';
    const text = isStruck(raw) ? '' : plain(raw);
    if (kind !== null && text !== '') found.push({ note, kind, text, quote: line.trim() });
  }
  return found;
}

/** Notes that the mission looks at, the one touched last first. */
function notesInView({ world, inputs }: RuleContext): readonly Note[] {
  return world
    .list(notes)
    .filter((note) => inputs === null || inputs.has(inputKey(notes.name, note.id)))
    .sort((a, b) => b.touchedMs - a.touchedMs || (a.id < b.id ? -1 : 1));
}

/**
 * The day that a line names. Nobody knows when a line was written but that it was between the note's beginning and its last
 * touch: "tomorrow" counts only when both are today or yesterday, and mean the same day.
 */
function dayNamed({ note, text }: NoteLine, { world, zone }: RuleContext): FoundDate | null {
  const { today } = world;
  const at = (ms: number | null) => () => {
    const day = dayOfInstant(ms, { today, zone });
    return day !== null && day >= addDays(today, -1) ? day : null;
  };
  const first = readDate(text, today, at(createdMs(note.id)));
  const last = readDate(text, today, at(note.touchedMs));
  return first?.day === last?.day ? first : null;
}

/** A todo of a line, with the day that the line names; a suggestion with a day lives no longer than that day. */
function todoOf(line: NoteLine, rationale: string, context: RuleContext): PlannedStep {
  const found = dayNamed(line, context);
  return {
    tool: 'todo.create',
    args: { title: line.text, ...(found === null ? {} : { due: found.day }) },
    rationale: found === null ? rationale : `${rationale} It says "${found.quote}".`,
    evidence: [{ table: notes.name, id: line.note.id, quote: line.quote }],
    dependsOn: [],
    ...(found === null ? {} : { expiresAt: endOfDay(found.day, context.zone) }),
  };
}

const linesOf = (context: RuleContext, kind: NoteLine['kind']): readonly NoteLine[] =>
  notesInView(context).flatMap((note) => askingLines(note).filter((line) => line.kind === kind));

const many = (count: number, one: string, more = `${one}s`): string => (count === 1 ? `1 ${one}` : `${count} ${more}`);

export const openBoxes: Rule = {
  name: 'open boxes in notes',
  find: (context) =>
    linesOf(context, 'box')
      .slice(0, FOUND_MAX)
      .map((line) => todoOf(line, `An open box in "${noteTitle(line.note)}" that is no todo yet.`, context)),
  says: (count) => `${many(count, 'open box', 'open boxes')} in notes`,
};

export const todoLines: Rule = {
  name: 'TODO lines in notes',
  find: (context) =>
    linesOf(context, 'todo')
      .slice(0, FOUND_MAX)
      .map((line) => todoOf(line, `A TODO line in "${noteTitle(line.note)}" that is no todo yet.`, context)),
  says: (count) => `${many(count, 'TODO line')} in notes`,
};

/** Of plain lists only what the objective is about, and only in notes that the mission links: a list is not a wish. */
export const linesAboutObjective: Rule = {
  name: 'lines about the objective',
  stepsMax: LINES_MAX,
  find(context) {
    if (context.inputs === null) return [];
    const words = keyWords(context.objective);
    const hits = linesOf(context, 'bullet').flatMap((line) => {
      const hit = mentions(line.text, words);
      return hit.length === 0 ? [] : [{ line, hit }];
    });
    const best = hits.sort((a, b) => b.hit.length - a.hit.length);
    return best.slice(0, FOUND_MAX).map(({ line, hit }) => {
      const about = hit.map((word) => `"${word}"`).join(' and ');
      return todoOf(line, `"${noteTitle(line.note)}" lists it, and the mission is about ${about}.`, context);
    });
  },
  says: (count) => `${many(count, 'line')} about the objective in notes`,
};

export const notesRules: readonly Rule[] = [openBoxes, todoLines, linesAboutObjective];
