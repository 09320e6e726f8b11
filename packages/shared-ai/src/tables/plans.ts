import { defineTable, field, type RowOf } from '@manara/sync-core/define-table';
import * as z from 'zod/mini';
import { id, instant, json, jsonObject, risk, text } from './fields.ts';

export const iterations = defineTable({
  name: 'iterations',
  insertOnly: true,
  fields: {
    missionId: field(id, ''),
    /** the due occurrence as `YYYY-MM-DDTHH:MMZ`, or a run request's id */
    slot: field(z.string().check(z.maxLength(64)), ''),
    source: field(z.enum(['server', 'device']), 'server'),
    outcome: field(z.enum(['planned', 'empty', 'failed', 'cancelled']), 'planned'),
    summary: field(text, ''),
    /** the model's name, or `rules` */
    model: field(z.string().check(z.maxLength(200)), 'rules'),
    tier: field(z.enum(['model', 'rules']), 'rules'),
    promptVersion: field(z.string().check(z.maxLength(50)), ''),
    promptHash: field(z.string().check(z.maxLength(64)), ''),
    usage: field(z.object({ in: z.number(), out: z.number(), costMicros: z.number() }), {
      in: 0,
      out: 0,
      costMicros: 0,
    }),
    inputsDigest: field(z.string().check(z.maxLength(64)), ''),
    /** what the reply parser had to mend, in words; also why the model was not used */
    repairLog: field(z.array(z.string()), []),
    error: field(z.nullable(text), null),
    startedAt: field(instant, 0),
    finishedAt: field(instant, 0),
  },
  indexes: ['missionId', 'finishedAt', ['missionId', 'slot'], ['missionId', 'finishedAt']],
});
export type Iteration = RowOf<typeof iterations>;

/** Where a step's reason comes from: a quote out of a record that the planner read. */
export const evidence = z.object({ table: z.string(), id, quote: z.string() });
export type Evidence = z.output<typeof evidence>;
/** What the planner read of a field: hash is that of the value's canonical JSON. */
export const basis = z.object({ table: z.string(), id, field: z.string(), hash: z.string() });
export type Basis = z.output<typeof basis>;

export const steps = defineTable({
  name: 'steps',
  insertOnly: true,
  fields: {
    iterationId: field(id, ''),
    missionId: field(id, ''),
    n: field(z.number().check(z.int(), z.gte(0)), 0),
    tool: field(z.string().check(z.maxLength(200)), ''),
    toolVersion: field(z.number().check(z.int()), 1),
    /** as the planner wrote them */
    rawArgs: field(json, null),
    /** as the tool's schema read them; what a decision's hash is of */
    args: field(jsonObject, {}),
    summary: field(text, ''),
    rationale: field(text, ''),
    evidence: field(z.array(evidence), []),
    dependsOn: field(z.array(z.number()), []),
    basis: field(z.array(basis), []),
    risk: field(risk, 'low'),
    reversible: field(z.boolean(), true),
    tainted: field(z.boolean(), false),
    expiresAt: field(z.nullable(instant), null),
    validity: field(z.object({ state: z.enum(['ok', 'repaired', 'quarantined']), reason: z.nullable(z.string()) }), {
      state: 'ok',
      reason: null,
    }),
  },
  indexes: ['iterationId', 'missionId'],
});
export type Step = RowOf<typeof steps>;

export const verb = z.enum(['approve', 'reject', 'edit', 'snooze', 'undo']);
/** The reasons that the app offers for a reject, in the order of their keys 1-5. The wire takes any code. */
export const REASON_CODES = ['wrong', 'already-done', 'not-now', 'not-mine', 'other'] as const;
export type ReasonCode = (typeof REASON_CODES)[number];

export const decisions = defineTable({
  name: 'decisions',
  insertOnly: true,
  aiMayWrite: false,
  fields: {
    stepId: field(id, ''),
    missionId: field(id, ''),
    iterationId: field(id, ''),
    verb: field(verb, 'approve'),
    /** hashJson of the arguments that the person saw */
    argsHash: field(z.string().check(z.maxLength(64)), ''),
    /** the new arguments of an edit, else null */
    args: field(z.nullable(jsonObject), null),
    reasonCode: field(z.nullable(z.string().check(z.maxLength(100))), null),
    feedback: field(text, ''),
    /** end of a snooze, ms since 1970 */
    until: field(z.nullable(instant), null),
    clientId: field(z.string().check(z.maxLength(16)), ''),
    decidedAt: field(instant, 0),
  },
  indexes: ['stepId', 'iterationId', 'missionId', 'decidedAt'],
});
export type Decision = RowOf<typeof decisions>;

/** What an execution did to one field; `field` is `$deleted` for a create, delete or restore. */
export const change = z.object({
  table: z.string(),
  id,
  field: z.string(),
  before: json,
  after: json,
  /** a change of long text: the part that differs, and `before` and `after` are null */
  splice: z.optional(z.object({ at: z.number().check(z.int(), z.gte(0)), removed: z.string(), inserted: z.string() })),
});
export type Change = z.output<typeof change>;

export const executions = defineTable({
  name: 'executions',
  writeOnce: ['clientId'],
  fields: {
    stepId: field(id, ''),
    missionId: field(id, ''),
    iterationId: field(id, ''),
    clientId: field(z.string().check(z.maxLength(16)), ''),
    effectiveArgs: field(jsonObject, {}),
    status: field(z.enum(['done', 'failed', 'undone']), 'done'),
    changes: field(z.array(change), []),
    error: field(z.nullable(z.string()), null),
    executedAt: field(instant, 0),
  },
  indexes: ['stepId', 'iterationId', 'missionId', 'executedAt'],
});
export type Execution = RowOf<typeof executions>;

export const policies = defineTable({
  name: 'policies',
  aiMayWrite: false,
  fields: {
    scope: field(
      z.union([z.object({ kind: z.literal('user') }), z.object({ kind: z.literal('mission'), missionId: id })]),
      { kind: 'user' },
    ),
    match: field(
      z.object({ tool: z.optional(z.string()), module: z.optional(z.string()), args: z.optional(jsonObject) }),
      {},
    ),
    decision: field(z.enum(['auto', 'propose', 'deny']), 'propose'),
    mode: field(z.enum(['shadow', 'enforce']), 'shadow'),
    origin: field(z.string().check(z.maxLength(100)), 'user'),
  },
});
export type Policy = RowOf<typeof policies>;
