import { readEpoch } from '@manara/db/epoch';
import { inTransaction } from '@manara/db/in-transaction';
import { ingest } from '@manara/db/ingest/ingest';
import { canonicalJson } from '@manara/kernel/canonical-json';
import { isJsonObject, type JsonValue } from '@manara/kernel/json';
import { PUSH_OPS_MAX } from '@manara/protocol/limits';
import { type PushReply, pushEnvelope } from '@manara/protocol/push';
import { Counter } from 'prom-client';
import type { RouteDeps } from '../app-deps.ts';
import { checkProtocol, checkShape } from '../check-envelope.ts';
import { HttpError } from '../http-error.ts';
import { jsonResponse } from '../json-response.ts';
import type { DeviceNotes } from '../note-device.ts';
import { readJson } from '../read-body.ts';
import type { SessionRoute } from '../route.ts';

type BatchInput = Parameters<typeof ingest>[1]['batch'];

export function pushRoute(deps: RouteDeps, devices: DeviceNotes): SessionRoute {
  const opsTotal = new Counter({
    name: 'manara_push_ops_total',
    help: 'Ops by verdict',
    labelNames: ['verdict'],
    registers: [deps.metrics],
  });
  return {
    method: 'POST',
    path: '/v1/sync/push',
    async handle(c, session) {
      const body = checkProtocol(await readJson(c, deps.clock));
      refuseTooMany(body.batch);
      const { client, epoch } = checkShape(pushEnvelope, body);
      // As it came, unknown keys included: a repeated batch is recognised by all of its content.
      const batch = body.batch as unknown as BatchInput;
      const scope = { role: 'app', accountId: session.userId } as const;
      const { pushed, noted } = await inTransaction(deps.db, scope, async (tx) => {
        const noted = await devices.note(tx, session, client, await readEpoch(tx));
        const nowMs = deps.clock.nowMs();
        return { pushed: await ingest(tx, { accountId: session.userId, client, epoch, batch, nowMs }), noted };
      });
      noted();
      if (!pushed.ok) {
        const { code, message, details } = pushed.error;
        throw new HttpError(code, `${message}.`, { details });
      }
      const { reply, moved } = pushed.value;
      if (Object.keys(moved).length > 0) {
        deps.pokes.heads(moved);
        deps.onRunsQueued?.();
        for (const result of reply.results) opsTotal.inc({ verdict: result.status === 'ok' ? 'ok' : result.code });
      }
      // Canonical: the reply to a repeated batch is the same text.
      return jsonResponse(canonicalJson(reply as PushReply as unknown as JsonValue));
    },
  };
}

function refuseTooMany(batch: JsonValue | undefined): void {
  if (!isJsonObject(batch) || !Array.isArray(batch.ops) || batch.ops.length <= PUSH_OPS_MAX) return;
  throw new HttpError('too_large', `A batch holds at most ${PUSH_OPS_MAX} ops.`);
}
