import { derivedId } from '@manara/kernel/id';
import { tableByName, tables, toolByName } from '@manara/modules/registry';
import { todos } from '@manara/modules/todo/schema';
import { serverIterationId, stepIdOf } from '@manara/shared-ai/derived-ids';
import type { Proposal } from '@manara/shared-ai/proposal';
import { loadSettlement, type Settlement } from '@manara/shared-ai/settlement';
import { stageSteps } from '@manara/shared-ai/stage';
import { missions } from '@manara/shared-ai/tables/missions';
import { iterations, type Step, steps } from '@manara/shared-ai/tables/plans';
import type { Actor } from '@manara/sync-core/actor';
import type { RowBase } from '@manara/sync-core/define-table';
import { put, type Write } from '@manara/sync-core/write';
import { MemorySpace } from './memory-space.ts';

/** A space with one mission and one plan, as devices receive it: for tests of what happens to a plan. */
export const ADA: Actor = { kind: 'user', id: derivedId('ada'), name: 'Ada' };
export const MISSION_ID = derivedId('mission');
export const SLOT = '2026-11-20T07:00Z';
export const ITERATION_ID = serverIterationId(MISSION_ID, SLOT);
export const PLANNED_AT = Date.UTC(2026, 10, 20, 7);
export const TODAY = '2026-11-20';
export const DEVICE_A = 'aaaaaaaaaaaaaaaa';
export const DEVICE_B = 'bbbbbbbbbbbbbbbb';

export const stepId = (n: number): string => stepIdOf(ITERATION_ID, n);
export const todoId = (name: string): string => derivedId('todo', name);

export type StepInput = Partial<Omit<Step, 'tool' | 'args' | keyof RowBase>> & Pick<Step, 'tool' | 'args'>;

/** Writes of a plan with these steps, numbered from 1. */
export function planOf(inputs: readonly StepInput[], iterationId = ITERATION_ID, slot = SLOT): Write[] {
  const step = (input: StepInput, index: number): Write => {
    const tool = toolByName.get(input.tool);
    const defaults = {
      risk: tool?.risk ?? 'low',
      reversible: tool?.reversible ?? true,
      rationale: `because ${index + 1}`,
    };
    return put(steps, stepIdOf(iterationId, index + 1), {
      iterationId,
      missionId: MISSION_ID,
      n: index + 1,
      rawArgs: input.args,
      summary: `${input.tool} ${index + 1}`,
      ...defaults,
      ...input,
    });
  };
  return [
    put(iterations, iterationId, { missionId: MISSION_ID, slot, finishedAt: PLANNED_AT, startedAt: PLANNED_AT }),
    ...inputs.map(step),
  ];
}

export const missionWrite = (more: Parameters<typeof put<typeof missions>>[2] = {}): Write =>
  put(missions, MISSION_ID, { title: 'Plan my day', state: 'active', objective: 'Look at my todos', ...more });

export const todoWrite = (name: string, more: Parameters<typeof put<typeof todos>>[2] = {}): Write =>
  put(todos, todoId(name), { title: name, position: 'a0', ...more });

export const newDevice = (node: string): MemorySpace => new MemorySpace(tables, node);

/** Ids that differ from call to call and repeat from run to run. */
export function idSource(name: string): () => string {
  let count = 0;
  return () => {
    count += 1;
    return derivedId(name, count);
  };
}

/** Decides in a space as one device would. */
export class Decider {
  readonly #newId: () => string;
  nowMs = PLANNED_AT + 60_000;

  readonly space: MemorySpace;

  constructor(space: MemorySpace, name = space.node) {
    this.space = space;
    this.#newId = idSource(name);
  }

  get context() {
    const { node } = this.space;
    return {
      tools: toolByName,
      tables: tableByName,
      clientId: node,
      newId: this.#newId,
      nowMs: this.nowMs,
      today: TODAY,
    };
  }

  proposals(...numbers: number[]): Promise<readonly Proposal[]> {
    return stageSteps(this.space, toolByName, numbers.map(stepId));
  }

  async load(seen: readonly Proposal[]): Promise<Settlement> {
    return loadSettlement(this.space, seen, this.context);
  }

  write(groups: readonly (readonly Write[])[], actor = ADA): void {
    for (const group of groups) this.space.write(group, actor, this.nowMs);
  }
}
