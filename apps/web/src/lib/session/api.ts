import type { Result } from '@manara/kernel/result';
import { err, ok } from '@manara/kernel/result';
import type { Device, DevicesReply } from '@manara/protocol/devices';
import type { MeReply } from '@manara/protocol/me';
import type { PlannerReply, PlannerTestReply, PromptReply } from '@manara/protocol/planner';
import type { Account } from './profile.ts';
import type { Seams } from './seams.ts';

/** Why the server did not do it. `offline` is this app's own word: no answer came. */
export interface ApiError {
  readonly code: string;
  readonly status: number;
  readonly message: string;
}
export type ApiResult<T> = Result<T, ApiError>;

export interface Credentials {
  readonly email: string;
  readonly password: string;
}

const REQUEST_TIMEOUT_MS = 15_000;

/** The server's routes that a person's click calls: account, devices, planner. Sync has its own client. */
export class Api {
  readonly #fetch: Seams['fetch'];

  constructor(fetch: Seams['fetch']) {
    this.#fetch = fetch;
  }

  signUp(name: string, credentials: Credentials): Promise<ApiResult<unknown>> {
    return this.#call('POST', '/v1/auth/sign-up/email', { name, ...credentials });
  }

  signIn(credentials: Credentials): Promise<ApiResult<unknown>> {
    return this.#call('POST', '/v1/auth/sign-in/email', { ...credentials });
  }

  signOut(): Promise<ApiResult<unknown>> {
    return this.#call('POST', '/v1/auth/sign-out', {});
  }

  /** The account of the session that the cookie names. */
  async me(): Promise<ApiResult<Account>> {
    const reply = await this.#call<MeReply>('GET', '/v1/me');
    if (!reply.ok) return reply;
    const { user, spaces } = reply.value;
    const personal = spaces.find((space) => space.kind === 'personal');
    if (personal === undefined) return err({ code: 'internal', status: 200, message: 'the account has no space' });
    return ok({ id: user.id, email: user.email, name: user.name, space: personal.id });
  }

  async devices(): Promise<ApiResult<readonly Device[]>> {
    const reply = await this.#call<DevicesReply>('GET', '/v1/devices');
    return reply.ok ? ok(reply.value.devices) : reply;
  }

  revokeDevice(client: string): Promise<ApiResult<unknown>> {
    return this.#call('DELETE', `/v1/devices/${encodeURIComponent(client)}`);
  }

  planner(): Promise<ApiResult<PlannerReply>> {
    return this.#call('GET', '/v1/planner');
  }

  /** Asks the model one short question. Takes as long as the model takes, up to a minute. */
  testPlanner(): Promise<ApiResult<PlannerTestReply>> {
    return this.#call('POST', '/v1/planner/test', {}, 60_000);
  }

  /** The exact prompt that a plan was made from. */
  prompt(space: string, iterationId: string): Promise<ApiResult<PromptReply>> {
    return this.#call('GET', `/v1/prompts/${encodeURIComponent(iterationId)}?space=${encodeURIComponent(space)}`);
  }

  async #call<T>(method: string, path: string, body?: object, timeoutMs = REQUEST_TIMEOUT_MS): Promise<ApiResult<T>> {
    let response: Response;
    try {
      response = await this.#fetch(path, {
        method,
        credentials: 'same-origin',
        cache: 'no-store',
        signal: AbortSignal.timeout(timeoutMs),
        ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
      });
    } catch {
      return err({ code: 'offline', status: 0, message: 'no answer from the server' });
    }
    const text = await response.text().catch(() => '');
    const parsed = parseJson(text);
    if (response.ok) {
      if (text !== '' && parsed === undefined)
        return err({ code: 'internal', status: response.status, message: 'the answer is not JSON' });
      return ok(parsed as T);
    }
    return err(readError(response.status, parsed));
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Our routes answer `{error:{code,message}}`, the auth library `{code,message}`; a proxy may answer anything. */
function readError(status: number, body: unknown): ApiError {
  const outer = (typeof body === 'object' && body !== null ? body : {}) as {
    error?: unknown;
    code?: unknown;
    message?: unknown;
  };
  const inner = (typeof outer.error === 'object' && outer.error !== null ? outer.error : outer) as {
    code?: unknown;
    message?: unknown;
  };
  return {
    code: typeof inner.code === 'string' ? inner.code : status === 429 ? 'rate_limited' : 'internal',
    status,
    message: typeof inner.message === 'string' ? inner.message : `the server answered ${status}`,
  };
}
