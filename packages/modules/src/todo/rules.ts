import { addDays, dayInWords, daysBetween, nextWeekday } from '@manara/shared-ai/calendar-day';
import { keyWords, mentions } from '@manara/shared-ai/key-words';
import { inputKey } from '@manara/shared-ai/planner-context';
import { namesDay, readDate } from '@manara/shared-ai/read-date';
import { dayWritten, endsOfDays } from '@manara/shared-ai/read-date-zone';
import type { PlannedStep, Rule, RuleContext } from '@manara/shared-ai/tool';
import { type Todo, todos } from './schema.ts';

const DAY_MS = 86_400_000;
/** Overdue todos that move to today; the others move to tomorrow, so that today stays doable. */
const TODAY_MAX = 3;
const OVERDUE_MAX = 6;
const DATED_MAX = 5;
const STALE_MAX = 3;
const FOCUS_MAX = 3;
/** What a rule finds at most; the planner takes fewer, and leaves out what is known already before it counts. */
const FOUND_MAX = 100;
/** A word of the objective tells todos apart when no more open ones than this have it; a commoner one says little alone. */
const RARE_MAX = 3;
const STALE_DAYS = 30;
/** Overdue for this long and untouched: perhaps it was done and never ticked. */
const FORGOTTEN_DAYS = 30;
/** Undated and untouched for this long: perhaps it is no longer wanted. */
const ABANDONED_DAYS = 180;

const days = (count: number): string => (count === 1 ? '1 day' : `${count} days`);
const many = (count: number, one: string, more = `${one}s`): string => (count === 1 ? `1 ${one}` : `${count} ${more}`);

/** Open todos that the mission looks at, in an order that is the same on every device. */
function openTodos({ world, inputs }: RuleContext): readonly Todo[] {
  return world
    .list(todos)
    .filter((todo) => !todo.done && (inputs === null || inputs.has(inputKey(todos.name, todo.id))))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

const untouchedDays = (todo: Todo, nowMs: number): number =>
  todo.touchedMs === 0 ? 0 : Math.floor((nowMs - todo.touchedMs) / DAY_MS);

function step(tool: string, args: PlannedStep['args'], rationale: string, todo: Todo, quote = todo.title): PlannedStep {
  const evidence = quote.trim() === '' ? [] : [{ table: todos.name, id: todo.id, quote }];
  return { tool, args, rationale, evidence, dependsOn: [] };
}

/** Suggestions to do it on a day: they live no longer than that day, so that a late approval never sets a past one. */
function dueSteps({ zone }: RuleContext) {
  const endOf = endsOfDays(zone);
  return (todo: Todo, due: string, rationale: string, quote?: string): PlannedStep => ({
    ...step('todo.update', { id: todo.id, due }, rationale, todo, quote),
    expiresAt: endOf(due),
  });
}

const isForgotten = (todo: Todo, context: RuleContext): boolean =>
  todo.due !== null &&
  daysBetween(todo.due, context.world.today) > FORGOTTEN_DAYS &&
  untouchedDays(todo, context.world.nowMs) > STALE_DAYS;

export const overdue: Rule = {
  name: 'overdue todos',
  stepsMax: OVERDUE_MAX,
  find(context) {
    const { today } = context.world;
    const late = openTodos(context).filter(
      (todo) => todo.due !== null && todo.due < today && !isForgotten(todo, context),
    );
    const urgent = [...late].sort(
      (a, b) => b.priority - a.priority || ((a.due ?? '') < (b.due ?? '') ? -1 : (a.due ?? '') > (b.due ?? '') ? 1 : 0),
    );
    const dueStep = dueSteps(context);
    return urgent.slice(0, FOUND_MAX).map((todo, index) => {
      const due = index < TODAY_MAX ? today : addDays(today, 1);
      const was = todo.due ?? today;
      const rest = index < TODAY_MAX ? '' : ' Tomorrow, so that today stays doable.';
      const why = `It was due ${dayInWords(was, today)}, ${days(daysBetween(was, today))} ago.${rest}`;
      return dueStep(todo, due, why);
    });
  },
  says: (count) => many(count, 'overdue todo'),
};

export const datedTitles: Rule = {
  name: 'dates in titles',
  stepsMax: DATED_MAX,
  find(context) {
    const { today } = context.world;
    // "tomorrow" means the day after it was written, on whichever day this is planned.
    const written = (todo: Todo) => dayWritten(todo, { today, zone: context.zone });
    const dated = openTodos(context).flatMap((todo) => {
      const found = todo.due === null ? readDate(todo.title, today, () => written(todo)) : null;
      return found === null ? [] : [{ todo, ...found }];
    });
    const dueStep = dueSteps(context);
    return dated.slice(0, FOUND_MAX).map(({ todo, day, quote }) => {
      const since = readDate(todo.title, today, () => null) === null ? written(todo) : null;
      const then = since === null || since === today ? '' : `, written ${dayInWords(since, today)}`;
      return dueStep(todo, day, `Its title says "${quote}"${then}, and it has no due day.`, quote);
    });
  },
  says: (count) => `${many(count, 'undated todo')} with a date in the title`,
};

/** Which words of the objective the person's open todos have, where that tells them apart: two words, or a rare one. */
function tellingWords({ world, objective, concept }: RuleContext): ReadonlyMap<string, readonly string[]> {
  const words = keyWords(`${objective}\n${concept}`);
  const hits = world
    .list(todos)
    .filter((todo) => !todo.done)
    .map((todo) => [todo.id, mentions(`${todo.title}\n${todo.note}`, words)] as const);
  const counts = new Map<string, number>();
  for (const word of hits.flatMap(([, hit]) => hit)) counts.set(word, (counts.get(word) ?? 0) + 1);
  const isRare = (word: string) => (counts.get(word) ?? 0) <= RARE_MAX;
  return new Map(hits.filter(([, hit]) => hit.length > 1 || hit.some(isRare)));
}

export const focus: Rule = {
  name: 'words of the objective',
  stepsMax: FOCUS_MAX,
  find(context) {
    const telling = tellingWords(context);
    const { today } = context.world;
    const matching = openTodos(context).flatMap((todo) => {
      const hit = telling.get(todo.id);
      // A day in the title, even one that has passed, is what the person meant: today would be a guess against it.
      return hit === undefined || todo.due !== null || namesDay(todo.title, today) ? [] : [{ todo, hit }];
    });
    const best = matching.sort(
      (a, b) => b.hit.length - a.hit.length || b.todo.priority - a.todo.priority || (a.todo.id < b.todo.id ? -1 : 1),
    );
    const dueStep = dueSteps(context);
    return best.slice(0, FOUND_MAX).map(({ todo, hit }) => {
      const about = hit.map((word) => `"${word}"`).join(' and ');
      return dueStep(todo, today, `The mission is about ${about}, and this has no due day.`);
    });
  },
  says: (count) => `${many(count, 'undated todo')} that ${count === 1 ? 'fits' : 'fit'} the objective`,
};

/** One suggestion a todo: whether it was done, when it could be done, or whether it is still wanted. */
export const stale: Rule = {
  name: 'todos lying still',
  stepsMax: STALE_MAX,
  find(context) {
    const { today, nowMs } = context.world;
    const still = openTodos(context)
      .map((todo) => ({ todo, untouched: untouchedDays(todo, nowMs) }))
      .filter(({ todo, untouched }) => untouched > STALE_DAYS && (todo.due === null || isForgotten(todo, context)))
      .sort((a, b) => b.untouched - a.untouched || (a.todo.id < b.todo.id ? -1 : 1));
    const dueStep = dueSteps(context);
    return still.slice(0, FOUND_MAX).map(({ todo, untouched }) => {
      const since = `Untouched for ${days(untouched)}`;
      if (todo.due !== null)
        return step('todo.complete', { id: todo.id }, `${since} and long overdue: perhaps it is done?`, todo);
      if (untouched > ABANDONED_DAYS)
        return step('todo.delete', { id: todo.id }, `${since} and never dated: perhaps it is no longer wanted?`, todo);
      return dueStep(todo, nextWeekday(today, 1), `${since} with no due day: a day would bring it back.`);
    });
  },
  says: (count) => `${many(count, 'todo')} lying still`,
};

/** In the order in which they matter: what is late first, guesses last. */
export const todoRules: readonly Rule[] = [overdue, datedTitles, focus, stale];
