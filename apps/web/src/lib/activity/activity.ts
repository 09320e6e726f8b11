import type { Execution } from '@manara/shared-ai/tables/plans';

export type ActivityKind = 'ai' | 'decision' | 'run' | 'person';

export interface DeletedRecord {
  readonly table: string;
  readonly id: string;
  readonly name: string;
}

/** One line of what happened. */
export interface Activity {
  readonly id: string;
  readonly kind: ActivityKind;
  /** ms since 1970 */
  readonly at: number;
  readonly actor: string;
  readonly what: string;
  readonly reason: string;
  readonly href: string | null;
  readonly missionId: string | null;
  readonly iterationId: string | null;
  /** what Undo takes back; null: there is nothing to undo */
  readonly execution: Execution | null;
  /** the person's own record that is deleted still, and that Undo brings back */
  readonly deleted: DeletedRecord | null;
  readonly state: 'done' | 'undone' | 'failed' | 'contested' | null;
}
