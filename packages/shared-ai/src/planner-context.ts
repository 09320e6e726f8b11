import type { JsonValue } from '@manara/kernel/json';
import type { TableDef } from '@manara/sync-core/define-table';
import type { Proposal } from './proposal.ts';
import type { Feedback, Mission } from './tables/missions.ts';
import type { Iteration, Policy } from './tables/plans.ts';
import type { InputSource, PlannedStep, Rule, Tool, World } from './tool.ts';

/** One record that a planner reads. */
export interface PlannerInput {
  readonly table: TableDef;
  readonly id: string;
  readonly label: string;
  readonly title: string;
  /** what the planner is told of it, cut to the input's length */
  readonly text: string;
  readonly untrusted: boolean;
}

/** An earlier plan of the mission with what became of it. */
export interface PastPlan {
  readonly iteration: Iteration;
  readonly proposals: readonly Proposal[];
}

/** A record that an execution of the mission created. It may be done, deleted or renamed by now. */
export interface CreatedRecord {
  readonly table: string;
  readonly id: string;
  readonly title: string;
  /** the person took it back */
  readonly undone: boolean;
}

/** Everything that a planner may know, the same for the model, the rules, the runner and the browser. */
export interface PlannerContext {
  readonly mission: Mission;
  readonly today: string;
  readonly nowMs: number;
  readonly zone: string;
  /** by a person, now, not by a schedule */
  readonly asked: boolean;
  /** tools that the mission may use; none when it only observes */
  readonly granted: readonly Tool[];
  readonly tools: ReadonlyMap<string, Tool>;
  readonly tables: ReadonlyMap<string, TableDef>;
  readonly sources: ReadonlyMap<string, InputSource>;
  readonly rules: readonly Rule[];
  readonly policies: readonly Policy[];
  /** what the prompt carries, in order */
  readonly inputs: readonly PlannerInput[];
  /** records that the mission links, as `table|id`; null: it links nothing and looks at the whole space */
  readonly linked: ReadonlySet<string> | null;
  readonly world: World;
  /** the mission's last plans, the newest first */
  readonly past: readonly PastPlan[];
  /** recent proposals of the whole space and those rejected: what is not proposed again */
  readonly known: readonly Proposal[];
  /** what the mission created before, however long ago */
  readonly created: readonly CreatedRecord[];
  /** records whose text came about from text of unknown origin, by {@link inputKey}; those of untrusted sources aside */
  readonly tainted: ReadonlySet<string>;
  readonly feedback: readonly Feedback[];
  /** of what was read: equal digests mean that nothing changed since */
  readonly inputsDigest: string;
}

/** A plan before validation, by the model or by the rules. */
export interface PlanDraft {
  readonly summary: string;
  /** a chat's answer in markdown; empty for a mission's plan */
  readonly answer: string;
  readonly steps: readonly PlannedStep[];
  /** what had to be mended or dropped, in words */
  readonly log: readonly string[];
}

export const rejectedBefore = ({ mission, known }: PlannerContext): readonly Proposal[] =>
  known.filter((proposal) => proposal.status === 'rejected' && proposal.missionId === mission.id);

/** Proposals of earlier plans that a prompt tells of. */
export const toldBefore = (context: PlannerContext): readonly Proposal[] => [
  ...context.past.flatMap(({ proposals }) => proposals),
  ...rejectedBefore(context),
];

export const inputKey = (table: string, id: string): string => `${table}|${id}`;

/** Text of a record in which evidence is looked for: its text fields, and what the planner was told. */
export function quotableTexts(row: Readonly<Record<string, JsonValue>>): readonly string[] {
  return Object.values(row).filter((value): value is string => typeof value === 'string');
}
