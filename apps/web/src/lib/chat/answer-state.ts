import type { Message } from '@manara/shared-ai/tables/chat';

/** What a person's message waits for; null: nothing. */
export type AnswerState = 'queued' | 'guest' | 'waiting' | 'answering' | 'failed' | null;

export interface AnswerMoment {
  readonly guest: boolean;
  readonly offline: boolean;
  readonly hasAnswer: boolean;
  /** of the run that answers it, when the server told */
  readonly phase: string | null;
}

export function answerState(message: Pick<Message, 'role' | 'status'>, moment: AnswerMoment): AnswerState {
  if (message.role !== 'user' || moment.hasAnswer || message.status === 'answered') return null;
  if (message.status === 'failed') return 'failed';
  if (moment.guest) return 'guest';
  if (moment.offline) return 'queued';
  return moment.phase === null ? 'waiting' : 'answering';
}
