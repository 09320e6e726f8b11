import type { JsonObject, JsonValue } from '@manara/kernel/json';
import type { AnyRow, RowOf, TableDef } from '@manara/sync-core/define-table';
import type { Write } from '@manara/sync-core/write';
import type * as z from 'zod/mini';
import type { Risk } from './tables/fields.ts';
import type { Evidence } from './tables/plans.ts';

/** What pure code may see of a space: rows by id and by table, deleted ones included by `get` only. Loaded beforehand. */
export interface World {
  /** the person's day, `YYYY-MM-DD` in their zone */
  readonly today: string;
  /** milliseconds since 1970 */
  readonly nowMs: number;
  get<T extends TableDef>(table: T, id: string): RowOf<T> | undefined;
  list<T extends TableDef>(table: T): readonly RowOf<T>[];
}

/** Given to `apply`: derived ids, so that two devices that run one step create the same records. */
export interface ApplyContext {
  /** the id of a record that this execution creates: derivedId(stepId, slotName) */
  newId(slotName: string): string;
}

export type Effect = 'create' | 'patch' | 'delete' | 'external';

/** One line of a card: how the record will look, `was` only where it changes. */
export interface CardField {
  readonly label: string;
  readonly value: string;
  readonly was?: string;
  /** `text`: may be of many lines. `flag`: on or off, and its label says which: `Done`. */
  readonly kind?: 'text' | 'flag';
}
/** How a field is told to a person. */
export interface FieldWords {
  readonly name: string;
  readonly label: string;
  readonly kind?: CardField['kind'];
  words(value: JsonValue, world: World): string;
}
export interface Card {
  readonly title: string;
  readonly fields: readonly CardField[];
}

/** Where a ghost is drawn and what it shows. `targetId` is the row that changes; absent for a create. */
export interface Ghost {
  readonly module: string;
  readonly table: string;
  readonly effect: Effect;
  readonly targetId?: string;
  /** the row as it would be */
  readonly row: AnyRow;
  /** fields that differ, for `was -> will be` */
  readonly changed: readonly string[];
}

export type Premise = { readonly holds: true } | { readonly holds: false; readonly reason: string };

/**
 * One capability, declared once; planner, inbox, executor, chat, CLI and MCP use this. `Args` is what the schema reads.
 * Pure: everything it knows comes from `world`.
 */
export interface Tool<Args = JsonObject> {
  /** `todo.create` */
  readonly name: string;
  readonly module: string;
  readonly version: number;
  /** one sentence, written for the model */
  readonly description: string;
  readonly input: z.ZodMiniType<Args>;
  readonly effect: Effect;
  readonly risk: Risk;
  readonly reversible: boolean;
  readonly defaultPolicy: 'auto' | 'propose';
  /** what a create makes: a later step of the plan may name it by `step:<n>`, which becomes derivedId(stepId, slot) */
  readonly creates?: { readonly table: TableDef; readonly slot: string };
  /** labels and order of the arguments in the edit form */
  readonly form: readonly FormField[];
  /** the record that changes; `id` is null for one that is created */
  target(args: Args): { readonly table: TableDef; readonly id: string | null };
  /** records that the arguments name: what must be loaded before the functions below are called */
  refs(args: Args): readonly { readonly table: TableDef; readonly id: string }[];
  /** tables whose rows `premise`, `describe` or `preview` list */
  readonly reads?: readonly TableDef[];
  premise(args: Args, world: World): Premise;
  apply(args: Args, world: World, context: ApplyContext): readonly Write[];
  /** one sentence: `Create "Buy milk", due Thu 26 Nov` */
  summarize(args: Args, world: World): string;
  describe(args: Args, world: World): Card;
  preview(args: Args, world: World, context: ApplyContext): Ghost;
}

export interface FormField {
  readonly name: string;
  readonly label: string;
  readonly kind: 'text' | 'longText' | 'day' | 'number' | 'boolean' | 'choice';
  readonly choices?: readonly { readonly value: JsonValue; readonly label: string }[];
  readonly optional?: boolean;
}

/** A step as a planner (model or rules) returns it, before validation. */
export interface PlannedStep {
  readonly tool: string;
  readonly args: JsonValue;
  readonly rationale: string;
  readonly evidence: readonly Evidence[];
  readonly dependsOn: readonly number[];
  /** when it makes no sense any more, in ms since 1970, if that is before every proposal ends */
  readonly expiresAt?: number;
}

/** A rule of the rule planner: finds steps in the world. The world holds every input source's table. */
export interface Rule {
  readonly name: string;
  /** The most of its findings that one plan takes, counted after those known already are left out; absent: no bound of its own. */
  readonly stepsMax?: number;
  /** Everything it finds, within reason and the most important first: what is known already is left out afterwards. */
  find(context: RuleContext): readonly PlannedStep[];
  /** what it found, for the plan's summary: `2 overdue todos` */
  says(count: number): string;
}

export interface RuleContext {
  readonly world: World;
  readonly objective: string;
  readonly concept: string;
  /** records that the mission links, as `table|id`; null: the whole space */
  readonly inputs: ReadonlySet<string> | null;
  /** the mission's, an IANA name: in which days begin and end */
  readonly zone: string;
}

/** How a table's rows are told to a planner and to a person, and what of them counts as a mission input. */
export interface InputSource {
  readonly table: TableDef;
  /** the picker's word for one: `Note` */
  readonly label: string;
  title(row: AnyRow): string;
  /** the fields that a person is told of when they change */
  readonly fields: readonly FieldWords[];
  /** text for the prompt and the rules; the caller truncates */
  render(row: AnyRow): string;
  /** holds text that someone else may have written, such as a pasted page: what follows from it never runs by itself */
  readonly untrusted: boolean;
  /** the most rows that a planner's world loads, the newest first */
  readonly rowsMax: number;
  /** whether a mission that links nothing looks at this row */
  isOpen(row: AnyRow): boolean;
  /** records that come with a linked one, such as a list's todos */
  members?(row: AnyRow, world: World): readonly { readonly table: TableDef; readonly id: string }[];
}
