import { derivedId } from '@manara/kernel/id';
import type { JsonObject } from '@manara/kernel/json';
import { createNote, deleteNote, editNote, restoreNote } from '@manara/modules/notes/actions';
import { notes } from '@manara/modules/notes/schema';
import { tableByName, toolByName } from '@manara/modules/registry';
import { createTodo, deleteTodo, editTodo, restoreTodo, setTodoDone } from '@manara/modules/todo/actions';
import { todoLists, todos } from '@manara/modules/todo/schema';
import { decisionWrite, reject, reopen, snooze } from '@manara/shared-ai/decide';
import { deviceIterationId, serverIterationId } from '@manara/shared-ai/derived-ids';
import { createMission, editMission, giveFeedback, runNow } from '@manara/shared-ai/mission-actions';
import type { Proposal } from '@manara/shared-ai/proposal';
import {
  approve,
  edit,
  editAndApprove,
  executeApproved,
  loadSettlement,
  retry,
  type Settled,
} from '@manara/shared-ai/settlement';
import { missions } from '@manara/shared-ai/tables/missions';
import { executions } from '@manara/shared-ai/tables/plans';
import { loadCells, undo } from '@manara/shared-ai/undo';
import { put, remove, type Write } from '@manara/sync-core/write';
import { planOf, type StepInput } from '../planned-space.ts';
import type { Chance } from './chance.ts';
import type { SimDevice } from './sim-device.ts';

/** What people and the runner do. Everything goes through the product's own actions. */
export interface WorkloadWorld {
  readonly chance: Chance;
  readonly devices: readonly SimDevice[];
  /** the server's clock, ms since 1970 */
  readonly serverMs: () => number;
  /** the runner plans with one op group */
  readonly runnerWrites: (writes: readonly Write[]) => Promise<void>;
  /** values known to the server, for the runner's plans */
  readonly serverIds: (table: string) => readonly string[];
  readonly after: (ms: number, run: () => void) => void;
  readonly count: (what: string) => void;
}

export const MISSION_ID = derivedId('mission');
const TODAY = '2026-11-20';
/** Few, so that devices meet at the same records. */
const TODOS = Array.from({ length: 4 }, (_, n) => derivedId('todo', n));
const NOTES = Array.from({ length: 2 }, (_, n) => derivedId('note', n));

type Act = (world: WorkloadWorld, device: SimDevice) => Promise<void> | void;

const contextOf = (device: SimDevice) => ({
  tools: toolByName,
  tables: tableByName,
  clientId: device.clientId,
  newId: () => device.newId(),
  nowMs: device.wallMs,
  today: TODAY,
});

const text = ({ chance }: WorkloadWorld, device: SimDevice): string => `${device.name}${chance.between(0, 9999)}`;

const editSomeTodo: Act = async (world, device) => {
  // one of the few that all know, or any: also what an execution made, for a person to change it before it is undone
  const any = world.chance.odds(0.3) ? world.chance.pick(await device.db.reader.list(todos)) : undefined;
  const id = any?.id ?? world.chance.pick(TODOS) ?? '';
  const todo = await device.db.reader.get(todos, id);
  const title = text(world, device);
  if (todo === undefined) return device.write([[put(todos, id, { title, position: 'a0' })]]);
  const what = world.chance.pick<'title' | 'note' | 'both' | 'done' | 'delete' | 'restore'>([
    'title',
    'note',
    'both',
    'done',
    'delete',
    'restore',
  ]);
  const context = { nowMs: device.wallMs };
  const writes: Record<typeof what, () => Write[]> = {
    title: () => editTodo(todo, { title }),
    note: () => editTodo(todo, { note: `${todo.note}\n${title}` }),
    both: () => editTodo(todo, { title, due: world.chance.pick([null, TODAY, '2026-12-01']) }),
    done: () => setTodoDone(id, !todo.done, context),
    delete: () => deleteTodo(id),
    restore: () => restoreTodo(id),
  };
  await device.write([writes[what]()]);
};

const newTodo: Act = async (world, device) => {
  await device.write([createTodo({ title: text(world, device) }, contextOf(device))]);
};

const editSomeNote: Act = async (world, device) => {
  const id = world.chance.pick(NOTES) ?? '';
  const note = await device.db.reader.get(notes, id);
  const body = text(world, device);
  if (note === undefined) return device.write([[put(notes, id, { title: 'Note', body })]]);
  const writes = world.chance.pick<() => Write[]>([
    () => editNote(note, { body }),
    () => editNote(note, { title: body }),
    () => editNote(note, { pinned: !note.pinned }),
    () => deleteNote(id),
    () => restoreNote(id),
  ]);
  await device.write([writes()]);
};

const newNote: Act = async (world, device) => {
  await device.write([createNote({ title: text(world, device), body: 'x' }, contextOf(device))]);
};

/** One local transaction over several records: one op group. */
const group: Act = async (world, device) => {
  const list = device.newId();
  const title = text(world, device);
  const some = TODOS.filter(() => world.chance.odds(0.5));
  await device.write([
    [
      put(todoLists, list, { title, position: 'a0' }),
      ...some.map((id) => put(todos, id, { listId: list, title })),
      ...(world.chance.odds(0.2) ? [remove(notes, NOTES[0] ?? '')] : []),
    ],
  ]);
};

const insertOnly: Act = async (world, device) => {
  const context = contextOf(device);
  const writes = world.chance.odds(0.5)
    ? giveFeedback({ missionId: MISSION_ID, body: text(world, device) }, context)
    : runNow(MISSION_ID, context);
  await device.write([writes]);
};

const editTheMission: Act = async (world, device) => {
  const mission = await device.db.reader.get(missions, MISSION_ID);
  if (mission === undefined) {
    const { writes } = createMission(
      { title: 'Plan', objective: 'o', state: 'active' },
      { ...contextOf(device), newId: () => MISSION_ID },
    );
    return device.write([writes]);
  }
  await device.write([editMission(mission, { objective: text(world, device) })]);
};

function stepsOf(world: WorkloadWorld): StepInput[] {
  const { chance } = world;
  const existing = (table: string, few: readonly string[]): string =>
    chance.pick([...world.serverIds(table), ...few]) ?? '';
  const one = (): StepInput =>
    chance.pick<() => StepInput>([
      () => ({ tool: 'todo.create', args: { title: `planned ${chance.between(0, 99)}` } }),
      () => ({ tool: 'todo.create', args: { title: `planned ${chance.between(0, 99)}`, due: TODAY } }),
      () => ({ tool: 'todo.update', args: { id: existing('todos', TODOS), title: `better ${chance.between(0, 99)}` } }),
      () => ({ tool: 'todo.complete', args: { id: existing('todos', TODOS) } }),
      () => ({ tool: 'todo.delete', args: { id: existing('todos', TODOS) } }),
      () => ({ tool: 'notes.create', args: { title: `note ${chance.between(0, 99)}`, body: 'b' } }),
      () => ({ tool: 'notes.append', args: { id: existing('notes', NOTES), text: `more ${chance.between(0, 99)}` } }),
    ])();
  return Array.from({ length: chance.between(1, 4) }, one);
}

/** Slots are few: a device and the runner, or two devices, may plan the same one. */
const slotOf = ({ chance }: WorkloadWorld): string => `2026-11-20T0${chance.between(0, 3)}:00Z`;

const runnerPlans: Act = async (world) => {
  const slot = slotOf(world);
  const id = serverIterationId(MISSION_ID, slot);
  if (world.serverIds('iterations').includes(id)) return;
  await world.runnerWrites(planOf(stepsOf(world), id, slot).map((write) => withMission(write)));
  world.count('planned by the runner');
};

const devicePlans: Act = async (world, device) => {
  const slot = slotOf(world);
  const id = deviceIterationId(MISSION_ID, slot, device.clientId);
  await device.write([planOf(stepsOf(world), id, slot).map((write) => withMission(write))]);
  world.count('planned by a device');
};

const withMission = (write: Write): Write => ({ ...write, set: { ...write.set, missionId: MISSION_ID } });

const proposalsOf = async (
  world: WorkloadWorld,
  device: SimDevice,
  status: Proposal['status'],
): Promise<Proposal[]> => {
  const all = (await device.db.proposals()).filter((proposal) => proposal.status === status);
  const first = world.chance.pick(all);
  return first === undefined ? [] : all.filter((one) => one === first || world.chance.odds(0.3));
};

/** The person looks now and acts a moment later, when things may have changed. */
function later(world: WorkloadWorld, device: SimDevice, run: () => Promise<void>): void {
  const act = (): void => {
    if (device.alive) void run().catch(device.failed);
  };
  if (world.chance.odds(0.5)) act();
  else world.after(world.chance.between(1, 8_000), act);
}

async function settle(
  world: WorkloadWorld,
  device: SimDevice,
  seen: readonly Proposal[],
  how: (settlement: Awaited<ReturnType<typeof loadSettlement>>) => Settled,
): Promise<void> {
  if (seen.length === 0) return;
  const settled = how(await loadSettlement(device.db.reader, seen, contextOf(device)));
  world.count(settled.executed.length > 0 ? 'executed' : 'settled nothing');
  await device.write(settled.groups);
}

const approveSome: Act = async (world, device) => {
  const seen = await proposalsOf(world, device, 'pending');
  later(world, device, () => settle(world, device, seen, (settlement) => approve(settlement, seen)));
};

/** The case that everything is about: two devices that do not see each other approve the same. */
const approveTwice: Act = async (world, device) => {
  const seen = await proposalsOf(world, device, 'pending');
  for (const other of world.devices) {
    if (!other.alive) continue;
    later(world, other, () => settle(world, other, seen, (settlement) => approve(settlement, seen)));
  }
};

const rejectSome: Act = async (world, device) => {
  const [seen] = await proposalsOf(world, device, 'pending');
  if (seen === undefined) return;
  later(world, device, () =>
    device.write([reject(seen, { reasonCode: 'not-now', feedback: text(world, device) }, contextOf(device))]),
  );
};

const reopenSome: Act = async (world, device) => {
  const [seen] = await proposalsOf(world, device, 'rejected');
  if (seen !== undefined) await device.write([reopen(seen, contextOf(device))]);
};

const snoozeSome: Act = async (world, device) => {
  const [seen] = await proposalsOf(world, device, 'pending');
  if (seen !== undefined) await device.write([snooze(seen, device.wallMs + 60_000, contextOf(device))]);
};

const editSome: Act = async (world, device) => {
  const seen = (await proposalsOf(world, device, 'pending')).find((one) => 'title' in one.args);
  if (seen === undefined) return;
  const args: JsonObject = { ...seen.args, title: text(world, device) };
  const how = world.chance.odds(0.5) ? edit : editAndApprove;
  later(world, device, () => settle(world, device, [seen], (settlement) => how(settlement, seen, args)));
};

/** A client that decides and leaves the work to another. */
const decideOnly: Act = async (world, device) => {
  const [seen] = await proposalsOf(world, device, 'pending');
  if (seen === undefined) return;
  await device.write([[decisionWrite(seen, 'approve', contextOf(device))]]);
  world.count('approved without executing');
};

const runApproved: Act = async (world, device) => {
  const seen = await proposalsOf(world, device, 'approved');
  later(world, device, () => settle(world, device, seen, (settlement) => executeApproved(settlement, seen)));
};

const retryFailed: Act = async (world, device) => {
  const seen = await proposalsOf(world, device, 'failed');
  await settle(world, device, seen, (settlement) => retry(settlement, seen));
};

const undoSome: Act = async (world, device) => {
  const seen = await proposalsOf(world, device, 'done');
  later(world, device, async () => {
    const rows = await Promise.all(seen.map((one) => device.db.reader.get(executions, one.executionId ?? '')));
    const done = rows.filter((row) => row !== undefined);
    if (done.length === 0) return;
    const undone = undo(done, { cells: await loadCells(device.db, done), ...contextOf(device) });
    world.count(undone.kept.length > 0 ? 'undone, fields kept' : 'undone');
    await device.write(undone.groups);
  });
};

/** A person changes what an execution made: undo must leave that alone. */
const editEffect: Act = async (world, device) => {
  const done = await device.db.reader.list(executions, {});
  const changes = done.filter((row) => row.status === 'done').flatMap((row) => row.changes);
  const change = world.chance.pick(changes.filter(({ table, field }) => table === todos.name && field === 'title'));
  if (change !== undefined) await device.write([[put(todos, change.id, { title: text(world, device) })]]);
};

const acts: readonly (readonly [weight: number, act: Act])[] = [
  [14, editSomeTodo],
  [3, newTodo],
  [6, editSomeNote],
  [1, newNote],
  [4, group],
  [2, insertOnly],
  [2, editTheMission],
  [6, runnerPlans],
  [2, devicePlans],
  [6, approveSome],
  [7, approveTwice],
  [3, rejectSome],
  [1, reopenSome],
  [1, snoozeSome],
  [3, editSome],
  [2, decideOnly],
  [3, runApproved],
  [1, retryFailed],
  [3, editEffect],
  [5, undoSome],
];
const WEIGHTS = acts.reduce((sum, [weight]) => sum + weight, 0);

/** One thing that somebody does on a device that is running. */
export function actOnce(world: WorkloadWorld): void {
  const device = world.chance.pick(world.devices.filter((one) => one.alive));
  let at = world.chance.next() * WEIGHTS;
  const found = acts.find(([weight]) => {
    at -= weight;
    return at < 0;
  });
  if (device === undefined || found === undefined) return;
  void run(world, device, found[1]);
}

async function run(world: WorkloadWorld, device: SimDevice, act: Act): Promise<void> {
  try {
    await act(world, device);
  } catch (error) {
    device.failed(error);
  }
}

/** What was approved and lies there is run, as a person does with "Run it" in the inbox. */
export async function runWhatIsApproved(device: SimDevice): Promise<void> {
  const settled = await settleApproved(device);
  await device.write(settled.groups);
}

/** Steps that stand approved and could run, but have not. What cannot run (its todo was deleted, say) says why and waits. */
export async function approvedAndNotRun(device: SimDevice): Promise<readonly string[]> {
  const { executed, failed, left } = await settleApproved(device);
  return [...executed, ...failed, ...left.filter(({ code }) => code === 'decided').map(({ stepId }) => stepId)];
}

async function settleApproved(device: SimDevice): Promise<Settled> {
  const seen = (await device.db.proposals()).filter((proposal) => proposal.status === 'approved');
  return executeApproved(await loadSettlement(device.db.reader, seen, contextOf(device)), seen);
}
