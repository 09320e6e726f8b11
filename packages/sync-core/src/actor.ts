/** Who made a change. `name` is frozen when written, so that history reads right after a rename. */
export interface Actor {
  readonly kind: 'user' | 'ai' | 'system';
  /** the account's id, the mission's id for `ai`, or a fixed word such as `mission-runner` */
  readonly id: string;
  readonly name: string;
  readonly missionId?: string | undefined;
  readonly iterationId?: string | undefined;
  readonly stepId?: string | undefined;
  readonly executionId?: string | undefined;
  readonly reason?: string | undefined;
}

export const RUNNER_ACTOR: Actor = { kind: 'system', id: 'mission-runner', name: 'Mission runner' };
