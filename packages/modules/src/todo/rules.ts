import { addDays, dayInWords, daysBetween, nextWeekday } from '@manara/shared-ai/calendar-day';
import { keyWords, mentions } from '@manara/shared-ai/key-words';
import { inputKey } from '@manara/shared-ai/planner-context';
import { readDate } from '@manara/shared-ai/read-date';
import type { PlannedStep, Rule, RuleContext } from '@manara/shared-ai/tool';
import { type Todo, todos } from './schema.ts';

const DAY_MS = 86_400_000;
/** Overdue todos that move to today; the others move to tomorrow, so that today stays doable. */
const TODAY_MAX = 3;
const OVERDUE_MAX = 6;
const DATED_MAX = 5;
const STALE_MAX = 3;
const FOCUS_MAX = 3;
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

const isForgotten = (todo: Todo, context: RuleContext): boolean =>
  todo.due !== null &&
  daysBetween(todo.due, context.world.today) > FORGOTTEN_DAYS &&
  untouchedDays(todo, context.world.nowMs) > STALE_DAYS;

export const overdue: Rule = {
  name: 'overdue todos',
  find(context) {
    const { today } = context.world;
    const late = openTodos(context).filter(
      (todo) => todo.due !== null && todo.due < today && !isForgotten(todo, context),
    );
    const urgent = [...late].sort(
      (a, b) => b.priority - a.priority || ((a.due ?? '') < (b.due ?? '') ? -1 : (a.due ?? '') > (b.due ?? '') ? 1 : 0),
    );
    return urgent.slice(0, OVERDUE_MAX).map((todo, index) => {
      const due = index < TODAY_MAX ? today : addDays(today, 1);
      const was = todo.due ?? today;
      const rest = index < TODAY_MAX ? '' : ' Today has enough already.';
      return step(
        'todo.update',
        { id: todo.id, due },
        `It was due ${dayInWords(was, today)}, ${days(daysBetween(was, today))} ago.${rest}`,
        todo,
      );
    });
  },
  says: (count) => many(count, 'overdue todo'),
};

export const datedTitles: Rule = {
  name: 'dates in titles',
  find(context) {
    const { today } = context.world;
    const dated = openTodos(context).flatMap((todo) => {
      const found = todo.due === null ? readDate(todo.title, today) : null;
      return found === null ? [] : [{ todo, ...found }];
    });
    return dated
      .slice(0, DATED_MAX)
      .map(({ todo, day, quote }) =>
        step(
          'todo.update',
          { id: todo.id, due: day },
          `Its title says "${quote}", and it has no due day.`,
          todo,
          quote,
        ),
      );
  },
  says: (count) => `${many(count, 'undated todo')} with a date in the title`,
};

export const focus: Rule = {
  name: 'words of the objective',
  find(context) {
    const words = keyWords(`${context.objective}\n${context.concept}`);
    const { today } = context.world;
    const matching = openTodos(context).flatMap((todo) => {
      const hit =
        todo.due === null && readDate(todo.title, today) === null ? mentions(`${todo.title}\n${todo.note}`, words) : [];
      return hit.length === 0 ? [] : [{ todo, hit }];
    });
    const best = matching.sort(
      (a, b) => b.hit.length - a.hit.length || b.todo.priority - a.todo.priority || (a.todo.id < b.todo.id ? -1 : 1),
    );
    return best
      .slice(0, FOCUS_MAX)
      .map(({ todo, hit }) =>
        step(
          'todo.update',
          { id: todo.id, due: today },
          `The mission is about ${hit.map((word) => `"${word}"`).join(' and ')}, and this has no due day.`,
          todo,
        ),
      );
  },
  says: (count) => `${many(count, 'undated todo')} that ${count === 1 ? 'fits' : 'fit'} the objective`,
};

/** One suggestion a todo: whether it was done, when it could be done, or whether it is still wanted. */
export const stale: Rule = {
  name: 'todos lying still',
  find(context) {
    const { today, nowMs } = context.world;
    const still = openTodos(context)
      .map((todo) => ({ todo, untouched: untouchedDays(todo, nowMs) }))
      .filter(({ todo, untouched }) => untouched > STALE_DAYS && (todo.due === null || isForgotten(todo, context)))
      .sort((a, b) => b.untouched - a.untouched || (a.todo.id < b.todo.id ? -1 : 1));
    return still.slice(0, STALE_MAX).map(({ todo, untouched }) => {
      const since = `Untouched for ${days(untouched)}`;
      if (todo.due !== null)
        return step('todo.complete', { id: todo.id }, `${since} and long overdue: perhaps it is done?`, todo);
      if (untouched > ABANDONED_DAYS)
        return step('todo.delete', { id: todo.id }, `${since} and never dated: perhaps it is no longer wanted?`, todo);
      return step(
        'todo.update',
        { id: todo.id, due: nextWeekday(today, 1) },
        `${since} with no due day: a day would bring it back.`,
        todo,
      );
    });
  },
  says: (count) => `${many(count, 'todo')} lying still`,
};

/** In the order in which they matter: what is late first, guesses last. */
export const todoRules: readonly Rule[] = [overdue, datedTitles, focus, stale];
