import { readRow } from '@manara/sync-core/define-table';
import type { RowReader } from '@manara/sync-core/reader';
import { put, remove, restore, type Write } from '@manara/sync-core/write';
import { cleanText, cutText, oneLine } from './clean-text.ts';
import { answerIdOf } from './derived-ids.ts';
import type { MissionActionContext } from './mission-actions.ts';
import type { Plan } from './plan.ts';
import type { PlanDraft, PlannerContext } from './planner-context.ts';
import type { TalkLine } from './prompt.ts';
import { type ResolveOptions, resolveMission } from './resolve-inputs.ts';
import { planByRules } from './rule-planner.ts';
import { type Conversation, conversations, type Message, messages } from './tables/chat.ts';
import { type Mission, missions, runRequests } from './tables/missions.ts';

/** The most messages of one conversation that are read. */
export const MESSAGES_MAX = 500;
const TITLE_CHARS = 60;
/** A field of the wire holds 64 KiB. */
const MESSAGE_CHARS_MAX = 20_000;

const timeOf = ({ nowMs }: MissionActionContext): number => (typeof nowMs === 'function' ? nowMs() : nowMs);

export interface NewMessage {
  /** null starts a conversation */
  readonly conversationId: string | null;
  readonly text: string;
  /** the mission that a new conversation belongs to */
  readonly missionId?: string | null;
}

export interface SentMessage {
  readonly conversationId: string;
  readonly messageId: string;
  readonly writes: Write[];
}

/** A person's message with the request to answer it, as one op group; offline it waits in the queue like everything else. */
export function sendMessage(input: NewMessage, context: MissionActionContext): SentMessage {
  const text = cutText(cleanText(input.text).trim(), MESSAGE_CHARS_MAX);
  const createdAt = timeOf(context);
  const conversationId = input.conversationId ?? context.newId();
  const messageId = context.newId();
  const opening = put(conversations, conversationId, {
    title: cutText(oneLine(text), TITLE_CHARS),
    missionId: input.missionId ?? null,
    createdAt,
  });
  return {
    conversationId,
    messageId,
    writes: [
      ...(input.conversationId === null ? [opening] : []),
      put(messages, messageId, {
        conversationId,
        replyTo: null,
        role: 'user',
        parts: [{ kind: 'text', text }],
        status: 'sent',
        createdAt,
      }),
      put(runRequests, context.newId(), {
        kind: 'answer',
        missionId: input.missionId ?? null,
        messageId,
        requestedAt: createdAt,
        zone: context.zone ?? null,
      }),
    ],
  };
}

export const renameConversation = (id: string, title: string): Write[] => [
  put(conversations, id, { title: oneLine(title) }),
];
export const deleteConversation = (id: string): Write[] => [remove(conversations, id)];
export const restoreConversation = (id: string): Write[] => [restore(conversations, id)];

/** Messages in the order in which they read: an answer right after what it answers. */
export function inReadingOrder(rows: readonly Message[]): readonly Message[] {
  const asked = rows
    .filter((row) => row.replyTo === null)
    .sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1));
  const placed = new Set(asked.map((row) => row.id));
  const orphans = rows.filter((row) => row.replyTo !== null && !placed.has(row.replyTo));
  return [...asked.flatMap((row) => [row, ...rows.filter((answer) => answer.replyTo === row.id)]), ...orphans];
}

export const messageText = (message: Pick<Message, 'parts'>): string =>
  message.parts.flatMap((part) => (part.kind === 'text' ? [part.text] : [])).join('\n');

/** Everything that answering a message needs. */
export interface ChatContext {
  readonly message: Message;
  readonly conversation: Conversation | undefined;
  /** the conversation so far, the message to answer last */
  readonly talk: readonly TalkLine[];
  /** plans for the conversation's mission, or for the conversation itself */
  readonly planner: PlannerContext;
}

/** Reads what answering needs; null when the message is not there, deleted, or answered already. */
export async function resolveChat(
  reader: RowReader,
  messageId: string,
  options: Omit<ResolveOptions, 'missionId' | 'asked'>,
): Promise<ChatContext | null> {
  const message = await reader.get(messages, messageId);
  if (message === undefined || message.deleted || message.role !== 'user') return null;
  const answer = await reader.get(messages, answerIdOf(messageId));
  if (answer !== undefined) return null;
  const conversation = await reader.get(conversations, message.conversationId);
  if (conversation?.deleted) return null;
  const all = await reader.list(messages, {
    by: 'conversationId',
    equals: message.conversationId,
    limit: MESSAGES_MAX,
  });
  const before = inReadingOrder(all).filter((row) => row.id !== messageId && row.createdAt <= message.createdAt);
  const talk = [...before, message].map((row): TalkLine => ({ role: row.role, text: messageText(row) }));
  const stored = conversation?.missionId == null ? undefined : await reader.get(missions, conversation.missionId);
  const mission: Mission = stored === undefined || stored.deleted ? chatMission(message.conversationId) : stored;
  const planner = await resolveMission(reader, mission, { ...options, missionId: mission.id, asked: true });
  return { message, conversation, talk, planner };
}

/** A chat that belongs to no mission plans as a mission that is not stored, under the conversation's id. */
const chatMission = (conversationId: string): Mission => ({
  ...readRow(missions, conversationId, {}),
  title: 'Chat',
  state: 'active',
});

/**
 * An honest answer without a model: what the rules find, with the question as the objective.
 * @param why what kept the model from answering, as a sentence; null: there is none
 */
export function answerByRules({ planner, talk }: ChatContext, why: string | null): PlanDraft {
  const question = talk[talk.length - 1]?.text ?? '';
  const draft = planByRules({ ...planner, mission: { ...planner.mission, objective: question } });
  const found =
    draft.steps.length === 0
      ? draft.summary
      : `${draft.summary} I put ${draft.steps.length === 1 ? 'it' : 'them'} in your inbox as suggestions.`;
  return {
    ...draft,
    answer: `${why ?? 'There is no model.'} So this is by rules alone: I can look at todos and notes, and cannot talk. ${found}`,
  };
}

/**
 * The answer as rows: the plan, when there is one, the answer that shows it, and the question marked as answered, in one op
 * group. The answer's id is derived, so two workers write one.
 */
export function answerWrites(chat: ChatContext, draft: PlanDraft, plan: Plan | null, nowMs: number): Write[] {
  const shown = plan !== null && plan.steps.length > 0 ? plan : null;
  const text =
    cutText(cleanText(draft.answer || draft.summary).trim(), MESSAGE_CHARS_MAX) || 'I have nothing to say to that.';
  const { message } = chat;
  return [
    ...(shown?.writes ?? []),
    put(messages, answerIdOf(message.id), {
      conversationId: message.conversationId,
      replyTo: message.id,
      role: 'assistant',
      parts: [
        { kind: 'text', text },
        ...(shown === null ? [] : [{ kind: 'plan' as const, iterationId: shown.iterationId }]),
      ],
      status: 'sent',
      createdAt: nowMs,
    }),
    put(messages, message.id, { status: 'answered' }),
  ];
}

/** The question cannot be answered: it says so, and can be asked again. */
export const failedAnswer = (messageId: string): Write[] => [put(messages, messageId, { status: 'failed' })];

/** Asks again for an answer that failed. */
export const askAgain = (
  message: Pick<Message, 'id'>,
  missionId: string | null,
  context: MissionActionContext,
): Write[] => [
  put(messages, message.id, { status: 'sent' }),
  put(runRequests, context.newId(), {
    kind: 'answer',
    missionId,
    messageId: message.id,
    requestedAt: timeOf(context),
    zone: context.zone ?? null,
  }),
];
