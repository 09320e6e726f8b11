import type { RunEnd, RunPhase } from '@manara/protocol/live';
import type { Mission } from '@manara/shared-ai/tables/missions';
import type { Iteration } from '@manara/shared-ai/tables/plans';

/** `planned by llama3.2`, `planned by rules, no model`, `planned by rules, the model failed`. */
export function plannedByWords(iteration: Pick<Iteration, 'tier' | 'model' | 'promptHash'>): string {
  if (iteration.tier === 'model') return `planned by ${iteration.model}`;
  return `planned by rules, ${iteration.promptHash === '' ? 'no model' : 'the model failed'}`;
}

/** `took 3 s`; shorter than a second is `took a moment`. */
export function tookWords(iteration: Pick<Iteration, 'startedAt' | 'finishedAt'>): string {
  const seconds = Math.round((iteration.finishedAt - iteration.startedAt) / 1000);
  if (seconds < 1) return 'took a moment';
  return seconds < 120 ? `took ${seconds} s` : `took ${Math.round(seconds / 60)} min`;
}

const PHASE_WORDS: Readonly<Record<Exclude<RunPhase | RunEnd, 'done' | 'failed'>, string>> = {
  starting: 'Starting',
  reading: 'Reading your notes and todos',
  planning: 'Planning',
  answering: 'Writing an answer in the chat',
  writing: 'Writing the plan',
  queued: 'Queued again: the server stopped on the way and goes on when it is back',
  'waiting to try again': 'Waiting to try again',
};

/** What goes on in a run that has not ended; a newer server may tell of more than this app knows. */
export const phaseWords = (phase: string): string =>
  Object.hasOwn(PHASE_WORDS, phase) ? PHASE_WORDS[phase as keyof typeof PHASE_WORDS] : 'Running';

export function outcomeWords(iteration: Pick<Iteration, 'outcome'>): string {
  switch (iteration.outcome) {
    case 'planned':
      return 'A new plan';
    case 'empty':
      return 'Nothing to suggest';
    case 'failed':
      return 'The run failed';
    case 'cancelled':
      return 'The run was cancelled';
  }
}

/** Where the plans of a run are told of: a chat without a mission plans under the id of its conversation. */
export const runPath = (missionId: string, mission: Mission | undefined): string =>
  mission === undefined ? `/chat?with=${missionId}` : `/missions/${missionId}`;

/** What became of a step that one device carried out before it heard that another had rejected it. */
export const CONTESTED_WORDS = 'carried out although it was rejected';
