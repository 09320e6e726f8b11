import { defineTable, field, type RowOf } from '@manara/sync-core/define-table';
import * as z from 'zod/mini';
import { id, instant, text } from './fields.ts';

export const conversations = defineTable({
  name: 'conversations',
  fields: {
    title: field(text, '', { text: true }),
    missionId: field(z.nullable(id), null),
    createdAt: field(instant, 0),
  },
  indexes: ['createdAt'],
});
export type Conversation = RowOf<typeof conversations>;

export const messagePart = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('text'), text: text }),
  /** the answer's tool calls became the proposals of this iteration */
  z.object({ kind: z.literal('plan'), iterationId: id }),
]);
export type MessagePart = z.output<typeof messagePart>;

export const messages = defineTable({
  name: 'messages',
  writeOnce: ['conversationId', 'replyTo', 'role', 'parts', 'createdAt'],
  fields: {
    conversationId: field(id, ''),
    replyTo: field(z.nullable(id), null),
    role: field(z.enum(['user', 'assistant']), 'user'),
    parts: field(z.array(messagePart), []),
    status: field(z.enum(['sent', 'answered', 'failed']), 'sent'),
    createdAt: field(instant, 0),
  },
  indexes: ['conversationId'],
});
export type Message = RowOf<typeof messages>;
