import { readEpoch } from '@manara/db/epoch';
import { inTransaction } from '@manara/db/in-transaction';
import { type PullPage, pull } from '@manara/db/pull/pull';
import type { JsonValue } from '@manara/kernel/json';
import { PULL_RECORDS_DEFAULT } from '@manara/protocol/limits';
import { isCursor, pullRequest } from '@manara/protocol/pull';
import type { RouteDeps } from '../app-deps.ts';
import type { Session } from '../auth.ts';
import { checkProtocol, checkShape } from '../check-envelope.ts';
import { HttpError } from '../http-error.ts';
import { jsonResponse } from '../json-response.ts';
import type { DeviceNotes } from '../note-device.ts';
import { readJson } from '../read-body.ts';
import { requireSession } from '../require-session.ts';
import type { AppContext, SessionRoute } from '../route.ts';
import { waitForNews } from '../wait-for-news.ts';

interface AskedPull {
  readonly client: string;
  readonly epoch: string;
  /** -1: not a cursor; only another epoch, which makes all of them void, excuses it */
  readonly cursors: ReadonlyMap<string, number>;
  readonly limit: number;
  readonly tables: readonly string[] | undefined;
  readonly waitMs: number;
}

interface Pulled {
  readonly page: PullPage;
  readonly epoch: string;
  readonly recover: boolean;
}

export function pullRoute(deps: RouteDeps, devices: DeviceNotes): SessionRoute {
  return {
    method: 'POST',
    path: '/v1/sync/pull',
    async handle(c, session) {
      const asked = readAsked(await readJson(c, deps.clock));
      const ask = () => pullOnce(deps, devices, session, asked);
      const pulled = asked.waitMs > 0 ? await hold(c, deps, asked, ask) : await ask();
      return jsonResponse(render(pulled, deps.clock.nowMs()));
    },
  };
}

function readAsked(json: unknown): AskedPull {
  const body = checkProtocol(json);
  const { client, epoch, limit = PULL_RECORDS_DEFAULT, tables, wait = 0 } = checkShape(pullRequest, body);
  const cursors = new Map<string, number>();
  // The body's own keys: a schema leaves `__proto__` out, and every space that was asked for is to be answered.
  for (const [space, cursor] of Object.entries(body.cursors as Record<string, JsonValue>)) {
    cursors.set(space, isCursor(cursor) ? cursor : -1);
  }
  return { client, epoch, cursors, limit, tables, waitMs: wait * 1000 };
}

async function pullOnce(deps: RouteDeps, devices: DeviceNotes, session: Session, asked: AskedPull): Promise<Pulled> {
  const scope = { role: 'app', accountId: session.userId } as const;
  const { pulled, epoch, recover, noted } = await inTransaction(deps.db, scope, async (tx) => {
    const epoch = await readEpoch(tx);
    const noted = await devices.note(tx, session, asked.client, epoch);
    const recover = asked.epoch !== epoch;
    if (!recover && [...asked.cursors.values()].includes(-1)) {
      throw new HttpError('bad_cursor', 'A cursor is a whole number from 0 to 2^53-1.');
    }
    return { pulled: await pull(tx, { ...asked, recover }), epoch, recover, noted };
  });
  noted();
  if (!pulled.ok) throw new HttpError(pulled.error.code, `${pulled.error.message}.`, { details: pulled.error.details });
  return { page: pulled.value, epoch, recover };
}

/** The long poll. A session that ended meanwhile, with its device or by itself, is told nothing more. */
async function hold(c: AppContext, deps: RouteDeps, asked: AskedPull, ask: () => Promise<Pulled>): Promise<Pulled> {
  let hasAsked = false;
  return waitForNews(deps, {
    spaces: asked.cursors.keys(),
    waitMs: asked.waitMs,
    ended: endOfRequest(c, deps.stopping),
    ask: async () => {
      if (hasAsked) await requireSession(deps.auth, c.req.raw.headers);
      hasAsked = true;
      return ask();
    },
    isNews: (pulled) => hasNews(pulled, asked.cursors),
  });
}

/** A head passed its cursor, also when none of the tables asked for changed: the cursor moves on. */
function hasNews({ page, recover }: Pulled, cursors: AskedPull['cursors']): boolean {
  if (recover || page.removed.length > 0) return true;
  return [...page.spaces].some(([space, { head }]) => head > (cursors.get(space) ?? 0));
}

/** Aborts when there is nobody left to answer, or no time. */
function endOfRequest(c: AppContext, stopping: AbortSignal): AbortSignal {
  const gone = new AbortController();
  c.env?.outgoing?.once('close', () => gone.abort());
  return AbortSignal.any([gone.signal, stopping]);
}

/** Records are texts that Postgres rendered: they are put in as they are. */
function render({ page, epoch, recover }: Pulled, nowMs: number): string {
  const spaces = [...page.spaces].map(([id, { records, ...space }]) => {
    const mark = JSON.stringify({ ...space, ...(recover && { recover: true }) });
    return `${JSON.stringify(id)}:${mark.slice(0, -1)},"records":[${records.join(',')}]}`;
  });
  const rest = JSON.stringify({
    epoch,
    removed: page.removed,
    serverTime: Math.max(nowMs, page.serverTimeMs),
    ...(recover && { recover: true }),
  });
  return `${rest.slice(0, -1)},"spaces":{${spaces.join(',')}}}`;
}
