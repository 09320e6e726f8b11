import { derivedId } from '@manara/kernel/id';

/** The ids that two actors would both draw for one thing, so that retries and races converge (docs/protocol.md). */

/** The runner's iteration of a slot. */
export const serverIterationId = (missionId: string, slot: string): string => derivedId(missionId, slot);
/** A device's iteration of a slot: another device's plan for it is another iteration. */
export const deviceIterationId = (missionId: string, slot: string, clientId: string): string =>
  derivedId(missionId, slot, clientId);
export const stepIdOf = (iterationId: string, n: number): string => derivedId(iterationId, n);
export const proposalIdOf = (stepId: string): string => derivedId(stepId);
export const executionIdOf = (stepId: string): string => derivedId(stepId, 'exec');
/** A record that an execution creates. */
export const createdIdOf = (stepId: string, slot: string): string => derivedId(stepId, slot);
export const answerIdOf = (messageId: string): string => derivedId(messageId, 'answer');
