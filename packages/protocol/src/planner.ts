import * as z from 'zod/mini';
import { count } from './wire.ts';

/** `GET /v1/planner`: where mission inputs go. */
export const plannerReply = z.object({
  kind: z.enum(['model', 'rules']),
  model: z.nullable(z.string()),
  /** the host that prompts are sent to; null: nothing leaves this server */
  endpointHost: z.nullable(z.string()),
});
export type PlannerReply = z.output<typeof plannerReply>;

/** `POST /v1/planner/test`: one short call of the model. */
export const plannerTestReply = z.object({
  ok: z.boolean(),
  model: z.nullable(z.string()),
  latencyMs: z.nullable(count),
  message: z.string(),
});
export type PlannerTestReply = z.output<typeof plannerTestReply>;

/** `GET /v1/prompts/<iterationId>?space=<id>`: the exact prompt of an iteration. */
export const promptReply = z.object({
  messages: z.array(z.object({ role: z.string(), content: z.string() })),
  model: z.nullable(z.string()),
  promptVersion: z.string(),
  promptHash: z.string(),
});
export type PromptReply = z.output<typeof promptReply>;
