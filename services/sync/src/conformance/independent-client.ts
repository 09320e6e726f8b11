import { randomBytes, randomUUID } from 'node:crypto';

/*
 * A client written from the protocol's page alone: it shares no code with the product, so that a mistake made on both
 * sides of the wire cannot hide.
 */

export type Cell = [value: unknown, stamp: string];

export interface PulledRecord {
  table: string;
  id: string;
  seq: number;
  fields: Record<string, Cell>;
  deleted?: [boolean, string];
  actor: object;
  actorOf: Record<string, object>;
}

export interface PulledSpace {
  head: number;
  cursor: number;
  more: boolean;
  reset: boolean;
  horizon: number;
  records: PulledRecord[];
}

/** What a reply may hold. Every test looks for what its own request is answered with. */
export interface Body {
  error: { code: string; message: string; requestId: string; retryable: boolean; details?: Record<string, unknown> };
  token: string;
  user: { id: string; email: string; name: string };
  /** of me a list, of a pull by id */
  spaces: Record<string, PulledSpace & { id: string }>;
  serverTime: number;
  epoch: string;
  limits: Record<string, number>;
  devices: { client: string; current: boolean }[];
  results: { status: string; code?: string; conflicts?: string[]; lost?: string[] }[];
  restamped: Record<string, string>;
  heads: Record<string, number>;
  head: number;
  records: PulledRecord[];
  digest: string;
  parts: Record<string, string>;
  removed: string[];
  recover: boolean;
}

/** A reply that was read; its body is empty when it is no JSON. */
export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: Body;
}

export async function send(
  base: string,
  method: string,
  path: string,
  options: {
    readonly token?: string | undefined;
    readonly json?: unknown;
    readonly text?: string | Uint8Array<ArrayBuffer>;
    readonly headers?: Record<string, string>;
  } = {},
): Promise<Reply> {
  const headers = new Headers(options.headers);
  if (options.token !== undefined) headers.set('authorization', `Bearer ${options.token}`);
  const content = options.text ?? (options.json === undefined ? undefined : JSON.stringify(options.json));
  if (content !== undefined && !headers.has('content-type')) headers.set('content-type', 'application/json');
  const response = await fetch(`${base}${path}`, { method, headers, ...(content !== undefined && { body: content }) });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: parse(text) };
}

function parse(text: string): Body {
  try {
    return JSON.parse(text) as Body;
  } catch {
    return {} as Body;
  }
}

/** A stamp: 12 hex digits of milliseconds, 4 of a counter, 16 of the node. */
export function stampAt(ms: number, counter: number, node: string): string {
  return `${ms.toString(16).padStart(12, '0')}-${counter.toString(16).padStart(4, '0')}-${node}`;
}

export const newClientId = (): string => randomBytes(8).toString('hex');

/** One installation of an account. */
export class Installation {
  readonly base: string;
  readonly token: string;
  readonly client: string;
  readonly user: { readonly id: string; readonly name: string };
  readonly space: string;
  epoch: string;
  seq = 0;
  #counter = 0;

  constructor(base: string, token: string, me: Reply, client = newClientId()) {
    this.base = base;
    this.token = token;
    this.client = client;
    this.user = me.body.user;
    this.space = Object.values(me.body.spaces)[0]?.id ?? '';
    this.epoch = me.body.epoch;
  }

  /** A new stamp of this client, now or some milliseconds off. */
  stamp(offsetMs = 0): string {
    this.#counter += 1;
    return stampAt(Date.now() + offsetMs, this.#counter, this.client);
  }

  get actor(): { kind: string; id: string; name: string } {
    return { kind: 'user', id: this.user.id, name: this.user.name };
  }

  /** An op on a todo unless told otherwise. Fields are cells. */
  op(fields: Record<string, unknown> | undefined, more: Record<string, unknown> = {}): Record<string, unknown> {
    const op = { space: this.space, table: 'todos', id: randomUUID(), actor: this.actor, ...more };
    return fields === undefined ? op : { ...op, fields };
  }

  todo(title: string, id: string = randomUUID()): Record<string, unknown> {
    return this.op({ title: [title, this.stamp()] }, { id });
  }

  call(method: string, path: string, json?: unknown): Promise<Reply> {
    return send(this.base, method, path, { token: this.token, json });
  }

  /** The next batch, or exactly what is said. The number moves on with a 200. */
  async push(ops: readonly unknown[], more: { seq?: number; epoch?: string; recovery?: boolean } = {}): Promise<Reply> {
    const seq = more.seq ?? this.seq + 1;
    const batch = { seq, ops, ...(more.recovery === undefined ? {} : { recovery: more.recovery }) };
    const json = { protocol: 1, client: this.client, epoch: more.epoch ?? this.epoch, batch };
    const reply = await this.call('POST', '/v1/sync/push', json);
    if (reply.status === 200) this.seq = Math.max(this.seq, seq);
    return reply;
  }

  /** Verdicts of one batch: `ok` or the code. */
  async verdicts(ops: readonly unknown[]): Promise<string[]> {
    const { body } = await this.push(ops);
    return body.results.map((result) => result.code ?? result.status);
  }

  pull(cursor: unknown = 0, more: Record<string, unknown> = {}): Promise<Reply> {
    const cursors = { [this.space]: cursor };
    return this.call('POST', '/v1/sync/pull', {
      protocol: 1,
      client: this.client,
      epoch: this.epoch,
      cursors,
      ...more,
    });
  }

  /** The own space's part of a pull. */
  async page(cursor = 0, more: Record<string, unknown> = {}): Promise<PulledSpace> {
    const { body } = await this.pull(cursor, more);
    const page = body.spaces[this.space];
    if (page === undefined) throw new Error(`the own space is not in the reply: ${JSON.stringify(body)}`);
    return page;
  }
}

/** A new account with one installation. */
export async function signUp(base: string): Promise<Installation> {
  const email = `${randomUUID()}@example.org`;
  const signedUp = await send(base, 'POST', '/v1/auth/sign-up/email', {
    // A suite signs up faster than one address may: its server trusts this header.
    headers: { 'x-forwarded-for': `2001:db8::${randomBytes(2).toString('hex')}` },
    json: { email, password: 'correct horse battery', name: 'Ada' },
  });
  const { token } = signedUp.body;
  return new Installation(base, token, await send(base, 'GET', '/v1/me', { token }));
}

/** Another session of the same account, or a further installation within this one. */
export async function another(installation: Installation): Promise<Installation> {
  const { base, token } = installation;
  return new Installation(base, token, await send(base, 'GET', '/v1/me', { token }));
}
