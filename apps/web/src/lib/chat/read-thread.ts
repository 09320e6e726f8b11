import type { LocalDb } from '@manara/local-db/open-local-db';
import { inReadingOrder, MESSAGES_MAX } from '@manara/shared-ai/chat-actions';
import { type Message, messages } from '@manara/shared-ai/tables/chat';

export interface Thread {
  readonly messages: readonly Message[];
  /** ids of those that no server has yet */
  readonly unsent: ReadonlySet<string>;
}

/** A conversation as it reads; an empty one for null. */
export async function readThread(db: LocalDb, conversationId: string | null): Promise<Thread> {
  if (conversationId === null) return { messages: [], unsent: new Set() };
  const rows = await db.reader.list(messages, { by: 'conversationId', equals: conversationId, limit: MESSAGES_MAX });
  const asked = rows.filter(({ role }) => role === 'user').map(({ id }) => id);
  return { messages: inReadingOrder(rows), unsent: await db.waitingIds(messages.name, asked) };
}
