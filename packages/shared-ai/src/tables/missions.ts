import { defineTable, field, type RowOf } from '@manara/sync-core/define-table';
import * as z from 'zod/mini';
import { id, instant, json, jsonObject, ref, text } from './fields.ts';

/** When a mission runs by itself. The zone is an IANA name; times of day are in that zone. */
export const trigger = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('manual') }),
  z.object({
    kind: z.literal('rrule'),
    rrule: z.string().check(z.maxLength(1000)),
    zone: z.string().check(z.maxLength(100)),
    /** ms since 1970: what INTERVAL counts from; nothing is due before it */
    start: z.optional(instant),
  }),
]);
export type Trigger = z.output<typeof trigger>;

export const missionKind = z.enum(['routine', 'project', 'rollup', 'once']);
export const missionState = z.enum(['draft', 'active', 'paused', 'done', 'archived']);
export const autonomy = z.enum(['observe', 'propose', 'auto']);
export const budget = z.object({
  tokensDay: z.optional(z.number().check(z.int(), z.gte(0))),
  /** micro-units of the provider's currency */
  costDay: z.optional(z.number().check(z.int(), z.gte(0))),
  runsDay: z.optional(z.number().check(z.int(), z.gte(0))),
});

export const missions = defineTable({
  name: 'missions',
  aiMayWrite: false,
  fields: {
    title: field(text, '', { text: true }),
    objective: field(text, '', { text: true }),
    concept: field(text, '', { text: true }),
    kind: field(missionKind, 'routine'),
    parentId: field(z.nullable(id), null),
    templateId: field(z.nullable(z.string().check(z.maxLength(100))), null),
    trigger: field(trigger, { kind: 'manual' }),
    autonomy: field(autonomy, 'propose'),
    /** names of tools that the planner may use; null: all of the registry */
    toolAllow: field(z.nullable(z.array(z.string())), null),
    budget: field(budget, {}),
    privacy: field(z.enum(['localOnly', 'full']), 'full'),
    state: field(missionState, 'draft'),
  },
  indexes: ['state'],
});
export type Mission = RowOf<typeof missions>;

export const inputQuery = z.object({
  table: z.string(),
  /** equality per field; a closed, small language that client and server evaluate alike */
  filter: jsonObject,
  limit: z.number().check(z.int(), z.gte(1), z.lte(200)),
});
export type InputQuery = z.output<typeof inputQuery>;

export const missionInputs = defineTable({
  name: 'missionInputs',
  fields: {
    missionId: field(id, ''),
    ref: field(z.nullable(ref), null),
    query: field(z.nullable(inputQuery), null),
    mode: field(z.enum(['pinned', 'live']), 'live'),
    maxChars: field(z.number().check(z.int(), z.gte(100), z.lte(50_000)), 8000),
  },
  indexes: ['missionId'],
});
export type MissionInput = RowOf<typeof missionInputs>;

/** "Run now" and "answer this", from any device, also offline. */
export const runRequests = defineTable({
  name: 'runRequests',
  insertOnly: true,
  fields: {
    kind: field(z.enum(['run', 'answer']), 'run'),
    missionId: field(z.nullable(id), null),
    messageId: field(z.nullable(id), null),
    requestedAt: field(instant, 0),
    /** IANA name of the person's zone: "today" and "tomorrow" of a mission without a schedule, and of a chat, are there */
    zone: field(z.nullable(z.string().check(z.maxLength(100))), null),
  },
  indexes: ['missionId', 'messageId'],
});
export type RunRequest = RowOf<typeof runRequests>;

export const feedback = defineTable({
  name: 'feedback',
  insertOnly: true,
  fields: {
    missionId: field(id, ''),
    body: field(text, ''),
    kind: field(z.enum(['note', 'correction', 'praise']), 'note'),
    createdAt: field(instant, 0),
  },
  indexes: ['missionId'],
});
export type Feedback = RowOf<typeof feedback>;

export const scratchpad = defineTable({
  name: 'scratchpad',
  insertOnly: true,
  fields: {
    missionId: field(id, ''),
    body: field(text, ''),
    kind: field(z.string().check(z.maxLength(50)), 'note'),
    createdAt: field(instant, 0),
  },
  indexes: ['missionId'],
});

export const milestones = defineTable({
  name: 'milestones',
  fields: {
    missionId: field(id, ''),
    title: field(text, '', { text: true }),
    position: field(z.string().check(z.maxLength(200)), ''),
    state: field(z.enum(['open', 'reached', 'dropped']), 'open'),
    evidence: field(json, null),
  },
  indexes: ['missionId'],
});
