import { randomBytes } from 'node:crypto';
import { PROTOCOL_VERSION } from '@manara/protocol/version';
import { readPushReply } from '@manara/sync-client/read-reply';
import type { Op } from '@manara/sync-core/wire-op';
import type { Write } from '@manara/sync-core/write';
import type { Account } from './account.ts';
import { opMaker } from './op-maker.ts';

/** A client that pushes batch after batch over HTTP and keeps no copy. */
export interface PushClient {
  op(write: Write): Op;
  /** The next batch. Rejects when any op is refused: what is timed must have happened. */
  push(ops: readonly Op[]): Promise<void>;
}

export function pushClient(account: Account): PushClient {
  const { url, token, space, epoch, actor } = account;
  const client = randomBytes(8).toString('hex');
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
  let seq = 0;
  return {
    op: opMaker({ space, client, actor }),
    async push(ops) {
      const body = JSON.stringify({ protocol: PROTOCOL_VERSION, client, epoch, batch: { seq: ++seq, ops } });
      const response = await fetch(`${url}/v1/sync/push`, { method: 'POST', headers, body });
      const text = await response.text();
      if (!response.ok) throw new Error(`push: ${response.status} ${text}`);
      const reply = readPushReply(JSON.parse(text), ops.length);
      const refused = reply?.results.find((result) => result.status !== 'ok');
      if (!reply || refused) throw new Error(`push: an op was refused: ${JSON.stringify(refused)}`);
    },
  };
}
