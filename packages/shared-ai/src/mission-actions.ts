import type { JsonValue } from '@manara/kernel/json';
import { put, remove, restore, seen, type Write } from '@manara/sync-core/write';
import { cleanText, oneLine } from './clean-text.ts';
import {
  type Feedback,
  feedback,
  type InputQuery,
  type Mission,
  type MissionInput,
  missionInputs,
  missions,
  runRequests,
  type Trigger,
} from './tables/missions.ts';

/** What an action may know of the moment. */
export interface MissionActionContext {
  /** a new UUIDv7 */
  newId(): string;
  readonly nowMs: number | (() => number);
  /** the person's zone, an IANA name */
  readonly zone?: string;
}

const timeOf = ({ nowMs }: MissionActionContext): number => (typeof nowMs === 'function' ? nowMs() : nowMs);

/** What a mission looks at: a record, or the rows of a query. */
export type InputChoice =
  | { readonly ref: { readonly table: string; readonly id: string }; readonly maxChars?: number }
  | { readonly query: InputQuery; readonly maxChars?: number };

export interface NewMission {
  readonly title: string;
  readonly objective: string;
  readonly concept?: string;
  readonly kind?: Mission['kind'];
  readonly trigger?: Trigger;
  readonly autonomy?: Mission['autonomy'];
  readonly toolAllow?: readonly string[] | null;
  readonly privacy?: Mission['privacy'];
  readonly budget?: Mission['budget'];
  readonly templateId?: string | null;
  /** `active` runs by its trigger from now on; `draft` waits */
  readonly state?: 'draft' | 'active';
  readonly inputs?: readonly InputChoice[];
}

function inputWrite(missionId: string, input: InputChoice, id: string): Write {
  const of = 'ref' in input ? { ref: input.ref, query: null } : { ref: null, query: input.query };
  return put(missionInputs, id, {
    missionId,
    ...of,
    mode: 'live',
    ...(input.maxChars === undefined ? {} : { maxChars: input.maxChars }),
  });
}

/** @returns the mission's id, and its writes with those of its inputs as one op group */
export function createMission(
  input: NewMission,
  context: MissionActionContext,
): { readonly id: string; readonly writes: Write[] } {
  const id = context.newId();
  const mission = put(missions, id, {
    title: oneLine(input.title) || 'Untitled mission',
    objective: cleanText(input.objective),
    concept: cleanText(input.concept ?? ''),
    kind: input.kind ?? 'routine',
    trigger: input.trigger ?? { kind: 'manual' },
    autonomy: input.autonomy ?? 'propose',
    toolAllow: input.toolAllow === undefined || input.toolAllow === null ? null : [...input.toolAllow],
    privacy: input.privacy ?? 'full',
    budget: input.budget ?? {},
    templateId: input.templateId ?? null,
    state: input.state ?? 'active',
  });
  return { id, writes: [mission, ...(input.inputs ?? []).map((one) => inputWrite(id, one, context.newId()))] };
}

export type MissionEdit = Partial<
  Pick<
    Mission,
    'title' | 'objective' | 'concept' | 'kind' | 'trigger' | 'autonomy' | 'toolAllow' | 'privacy' | 'budget'
  >
>;

/** Writes only what differs from the row as the person saw it. */
export function editMission(mission: Mission, edit: MissionEdit): Write[] {
  const next: MissionEdit = {
    ...edit,
    ...(edit.title === undefined ? {} : { title: oneLine(edit.title) || 'Untitled mission' }),
    ...(edit.objective === undefined ? {} : { objective: cleanText(edit.objective) }),
    ...(edit.concept === undefined ? {} : { concept: cleanText(edit.concept) }),
  };
  const changed = Object.entries(next).filter(
    ([name, value]) =>
      value !== undefined && JSON.stringify(value) !== JSON.stringify(mission[name as keyof MissionEdit]),
  );
  if (changed.length === 0) return [];
  return [seen(put(missions, mission.id, Object.fromEntries(changed)), mission, ['title', 'objective', 'concept'])];
}

const sameInput = (row: MissionInput, input: InputChoice): boolean => {
  const of: JsonValue = 'ref' in input ? { ...input.ref } : { ...input.query };
  const stored: JsonValue =
    'ref' in input ? (row.ref === null ? null : { ...row.ref }) : row.query === null ? null : { ...row.query };
  return (
    stored !== null &&
    Object.entries(of).every(
      ([name, value]) => JSON.stringify((stored as Record<string, JsonValue>)[name]) === JSON.stringify(value),
    )
  );
};

/** Makes these the inputs of a mission: new ones are added, missing ones deleted, the others left alone. */
export function setMissionInputs(
  missionId: string,
  stored: readonly MissionInput[],
  wanted: readonly InputChoice[],
  context: MissionActionContext,
): Write[] {
  const gone = stored.filter((row) => !row.deleted && !wanted.some((input) => sameInput(row, input)));
  const fresh = wanted.filter((input) => !stored.some((row) => !row.deleted && sameInput(row, input)));
  return [
    ...gone.map((row) => remove(missionInputs, row.id)),
    ...fresh.map((input) => inputWrite(missionId, input, context.newId())),
  ];
}

const setState = (id: string, state: Mission['state']): Write[] => [put(missions, id, { state })];

export const pauseMission = (id: string): Write[] => setState(id, 'paused');
/** Also starts a draft, and brings back what was done or archived. */
export const resumeMission = (id: string): Write[] => setState(id, 'active');
export const finishMission = (id: string): Write[] => setState(id, 'done');
export const archiveMission = (id: string): Write[] => setState(id, 'archived');
export const deleteMission = (id: string): Write[] => [remove(missions, id)];
export const restoreMission = (id: string): Write[] => [restore(missions, id)];

/** "Run now": synced as a request, so it works offline and from any device. */
export const runNow = (missionId: string, context: MissionActionContext): Write[] => [
  put(runRequests, context.newId(), {
    kind: 'run',
    missionId,
    messageId: null,
    requestedAt: timeOf(context),
    zone: context.zone ?? null,
  }),
];

export interface NewFeedback {
  readonly missionId: string;
  readonly body: string;
  readonly kind?: Feedback['kind'];
}

/** What the person says about a mission; the next plan's prompt carries it. */
export function giveFeedback({ missionId, body, kind = 'note' }: NewFeedback, context: MissionActionContext): Write[] {
  const text = cleanText(body).trim();
  return text === ''
    ? []
    : [put(feedback, context.newId(), { missionId, body: text, kind, createdAt: timeOf(context) })];
}
