import { randomUUID } from 'node:crypto';
import { meReply } from '@manara/protocol/me';
import type { Actor } from '@manara/sync-core/actor';

/** A signed-up account. */
export interface Account {
  readonly url: string;
  readonly token: string;
  readonly actor: Actor;
  /** the personal space's id */
  readonly space: string;
  readonly epoch: string;
}

/** Signs a new person up, over HTTP. */
export async function signUp(url: string): Promise<Account> {
  const response = await fetch(`${url}/v1/auth/sign-up/email`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: `${randomUUID()}@example.org`, password: 'correct horse battery', name: 'Ada' }),
  });
  if (!response.ok) throw new Error(`sign-up: ${response.status} ${await response.text()}`);
  const { token } = (await response.json()) as { token: string };
  const me = meReply.parse(await readAccount(url, token));
  const space = me.spaces[0]?.id;
  if (space === undefined) throw new Error('a new account has no space');
  return { url, token, space, epoch: me.epoch, actor: { kind: 'user', id: me.user.id, name: me.user.name } };
}

/** One request that reads the session and one small row: the least that a signed-in client can ask. */
export async function readAccount(url: string, token: string): Promise<unknown> {
  const response = await fetch(`${url}/v1/me`, { headers: { authorization: `Bearer ${token}` } });
  if (!response.ok) throw new Error(`/v1/me: ${response.status} ${await response.text()}`);
  return response.json();
}
