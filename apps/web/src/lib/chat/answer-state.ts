import type { Message } from '@manara/shared-ai/tables/chat';
import type { SyncStatus } from '#lib/shell/sync-status.ts';

/** What a person's message waits for; null: nothing. */
export type AnswerState = 'queued' | 'guest' | 'waiting' | 'failed' | null;

export interface AnswerMoment {
  readonly guest: boolean;
  /** the server does not have the message yet */
  readonly unsent: boolean;
  readonly hasAnswer: boolean;
}

export function answerState(message: Pick<Message, 'role' | 'status'>, moment: AnswerMoment): AnswerState {
  if (message.role !== 'user' || moment.hasAnswer || message.status === 'answered') return null;
  if (message.status === 'failed') return 'failed';
  if (moment.guest) return 'guest';
  return moment.unsent ? 'queued' : 'waiting';
}

/** How sending stands, as far as a message that waits to be sent is concerned. */
export type Sending = SyncStatus['state'] | 'signed-out';

/** When a message that is queued goes out. */
export function queuedWords(sending: Sending): string {
  if (sending === 'offline') return 'it is sent when you are online';
  if (sending === 'unreachable') return 'it is sent when the server can be reached';
  if (sending === 'signed-out') return 'it is sent when you have signed in again.';
  if (sending === 'attention') return '“Needs attention” says what it waits for';
  return 'it is being sent';
}
