import type { Message } from '@manara/shared-ai/tables/chat';

/** What a person's message waits for; null: nothing. */
export type AnswerState = 'queued' | 'guest' | 'waiting' | 'failed' | null;

export interface AnswerMoment {
  readonly guest: boolean;
  readonly offline: boolean;
  readonly hasAnswer: boolean;
}

export function answerState(message: Pick<Message, 'role' | 'status'>, moment: AnswerMoment): AnswerState {
  if (message.role !== 'user' || moment.hasAnswer || message.status === 'answered') return null;
  if (message.status === 'failed') return 'failed';
  if (moment.guest) return 'guest';
  if (moment.offline) return 'queued';
  return 'waiting';
}
