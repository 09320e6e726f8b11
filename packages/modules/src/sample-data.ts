import { addDays, dayInWords, nextWeekday } from '@manara/shared-ai/calendar-day';
import { createMission, type NewMission } from '@manara/shared-ai/mission-actions';
import { type Cadence, triggerOf } from '@manara/shared-ai/trigger-words';
import type { Write } from '@manara/sync-core/write';
import type { ActionContext } from './action-context.ts';
import { createNote } from './notes/actions.ts';
import { notes } from './notes/schema.ts';
import { createTodo, type NewTodo } from './todo/actions.ts';
import { positionAtEnd } from './todo/position.ts';
import { todos } from './todo/schema.ts';

/** A mission that a person starts with one tap and edits later. */
export interface Starter {
  readonly id: string;
  readonly title: string;
  readonly objective: string;
  readonly kind: NonNullable<NewMission['kind']>;
  readonly cadence: Cadence;
}

export const STARTERS: readonly Starter[] = [
  {
    id: 'plan-my-day',
    title: 'Plan my day',
    objective: 'Every weekday morning, look at my open todos and notes and plan a day that I can finish.',
    kind: 'routine',
    cadence: { kind: 'weekdays', time: '08:00' },
  },
  {
    id: 'tidy-my-notes',
    title: 'Tidy my notes',
    objective: 'Find what my notes ask me to do and make todos of it, so that nothing stays buried.',
    kind: 'routine',
    cadence: { kind: 'daily', time: '18:00' },
  },
  {
    id: 'weekly-review',
    title: 'Weekly review',
    objective: 'Once a week, go through what is overdue or lying still and decide what happens with it.',
    kind: 'rollup',
    cadence: { kind: 'weekly', days: ['SU'], time: '17:00' },
  },
];

export interface StarterContext extends ActionContext {
  /** IANA name */
  readonly zone: string;
}

/** @returns the new mission's id and its writes, one op group */
export function startFrom(
  starter: Starter,
  context: StarterContext,
): { readonly id: string; readonly writes: Write[] } {
  const { title, objective, kind, cadence } = starter;
  const trigger = triggerOf(cadence, context.zone, context.nowMs);
  return createMission({ title, objective, kind, trigger, templateId: starter.id }, context);
}

export interface Demo {
  readonly missionId: string;
  /** everything as one op group; plan the mission with the rule planner afterwards */
  readonly writes: readonly Write[];
  /** takes all of it away again */
  readonly removal: readonly Write[];
}

/** A mission on sample notes and todos, in which the rule planner finds something of every kind. */
export function demo(context: StarterContext): Demo {
  const { today } = context;
  const friday = nextWeekday(today, 5);
  const trip = createNote(
    {
      title: 'Lisbon trip',
      body: `Ideas for the weekend in **Lisbon**.\n\n- [x] Book the train\n- [ ] Reserve a table at the Tasca\n- [ ] Ask Nadia for her list of museums\n\nTODO: renew the travel card by ${dayInWords(friday, today).slice(4)}\n`,
    },
    context,
  );
  const meeting = createNote(
    {
      title: 'House meeting',
      body: 'We agreed on the new plan.\n\nTODO: send Marek the invoice\n\n> The boiler is checked in spring.\n',
    },
    context,
  );
  const positions: { position: string }[] = [];
  const samples: readonly NewTodo[] = [
    { title: 'Call the dentist', due: addDays(today, -3) },
    { title: 'Pay the electricity bill', due: addDays(today, -1), priority: 2 },
    { title: `Buy a present for Ana, ${dayInWords(friday, today).slice(4)}` },
    { title: 'Water the plants', due: today },
  ];
  const listed = samples.flatMap((sample) => {
    const writes = createTodo({ ...sample, siblings: [...positions] }, context);
    positions.push({ position: positionAtEnd(positions) });
    return writes;
  });
  const linked = [...trip, ...meeting, ...listed].map(({ table, id }) => ({ ref: { table, id } }));
  const mission = createMission(
    {
      title: 'Try it: plan my day',
      objective: 'Look at these sample todos and notes and plan my day.',
      templateId: 'demo',
      inputs: linked.filter(({ ref }) => ref.table === notes.name || ref.table === todos.name),
    },
    context,
  );
  const writes = [...trip, ...meeting, ...listed, ...mission.writes];
  return { missionId: mission.id, writes, removal: writes.map(({ table, id }) => ({ table, id, deleted: true })) };
}
