import { observe } from '@manara/local-db/observe';
import type { LocalDb } from '@manara/local-db/open-local-db';
import { inputSources, rules, tableByName, toolByName } from '@manara/modules/registry';
import { openRequests } from '@manara/shared-ai/open-requests';
import { type Mission, missions, type RunRequest, runRequests } from '@manara/shared-ai/tables/missions';
import { type Iteration, iterations } from '@manara/shared-ai/tables/plans';
import type { RowReader } from '@manara/sync-core/reader';
import type { DueRun } from './due-run.ts';
import type { Seams } from './seams.ts';

/** How often a tab looks whether something is due. */
const LOOK_EVERY_MS = 30_000;
/** An occurrence or request older than this is not caught up in a browser. */
const DUE_WITHIN_MS = 86_400_000;
/** A server that is away for a moment plans soon, and better. */
const AWAY_MS_MIN = 60_000;
const MISSIONS_MAX = 500;

export interface DevicePlannerDeps {
  readonly db: LocalDb;
  readonly seams: Pick<Seams, 'nowMs' | 'newId' | 'today' | 'zone' | 'every' | 'locks'>;
  /** how long no server has answered, in milliseconds; infinite for a guest, who has none */
  readonly awayMs: () => number;
}

/** What this version of the app plans with. */
const planning = { inputSources, rules, tables: tableByName, tools: toolByName };

/**
 * The floor under the background runner: while a tab is open and no server plans, missions that are due, and "run now" of
 * a guest or while offline, are planned in this browser by the rules. The iteration has an id of its own device; for one
 * slot the first iteration that the server accepts stands. One tab of the profile does it.
 * @returns stops it
 */
export function startDevicePlanner(deps: DevicePlannerDeps): () => void {
  const stop = new AbortController();
  let looking: Promise<void> = Promise.resolve();
  // One after the other: what the one has planned is not due for the next.
  const look = (): Promise<void> => {
    looking = looking.then(() => planDue(deps)).catch((error: unknown) => console.error(error));
    return looking;
  };
  const run = async (): Promise<void> => {
    await look();
    const stopLooking = deps.seams.every(LOOK_EVERY_MS, () => void look());
    // "Run now" is not kept waiting.
    const requests = observe(() => deps.db.reader.count(runRequests)).subscribe({ next: () => void look() });
    await new Promise<void>((resolve) => stop.signal.addEventListener('abort', () => resolve(), { once: true }));
    stopLooking();
    requests.unsubscribe();
  };
  const locks = deps.seams.locks();
  const name = `${deps.db.name}:device-planner`;
  const holding = locks ? locks.request(name, { signal: stop.signal }, run) : run();
  void Promise.resolve(holding).catch(() => undefined);
  return () => stop.abort();
}

/** Plans everything that is due now. */
export async function planDue(deps: DevicePlannerDeps): Promise<void> {
  if (deps.awayMs() < AWAY_MS_MIN) return;
  const due = await findDue(deps.db.reader, deps.seams.nowMs());
  // Rules, schedules and prompts are a large part of the app that most visits never need.
  if (due.length === 0) return;
  const { planOnDevice } = await import('./plan-on-device.ts');
  for (const run of due) await planOnDevice(deps, run, planning);
}

/** Plans one mission at once, whatever is due, for the demo: it shows the rules with or without a server. */
export async function planNow(deps: Pick<DevicePlannerDeps, 'db' | 'seams'>, missionId: string): Promise<boolean> {
  const mission = await deps.db.reader.get(missions, missionId);
  if (mission === undefined) return false;
  const { planOnDevice } = await import('./plan-on-device.ts');
  return planOnDevice(deps, { mission, slot: deps.seams.newId() }, planning);
}

/** As on the server: a schedule runs active missions alone, a person's request whatever is not put away. */
export async function findDue(reader: RowReader, nowMs: number): Promise<readonly DueRun[]> {
  const [active, resting] = await Promise.all([
    reader.list(missions, { by: 'state', equals: 'active', limit: MISSIONS_MAX }),
    reader.list(missions, { by: 'state', anyOf: ['draft', 'paused', 'done'], limit: MISSIONS_MAX }),
  ]);
  const due: DueRun[] = [];
  for (const mission of [...active, ...resting]) {
    const requests = await recentRequests(reader, mission.id, nowMs);
    if (requests.length === 0 && (mission.state !== 'active' || mission.trigger.kind === 'manual')) continue;
    const planned = await reader.list(iterations, { by: 'missionId', equals: mission.id, limit: 1000 });
    const slot =
      requestedSlot(requests, planned) ??
      (mission.state === 'active' ? await scheduledSlot(mission, planned, nowMs) : null);
    if (slot !== null) due.push({ mission, slot });
  }
  return due;
}

async function recentRequests(reader: RowReader, missionId: string, nowMs: number): Promise<readonly RunRequest[]> {
  const requests = await reader.list(runRequests, { by: 'missionId', equals: missionId, limit: 1000 });
  return requests.filter(({ kind, requestedAt }) => kind === 'run' && nowMs - requestedAt < DUE_WITHIN_MS);
}

/** The latest "run now" that no plan has served. */
function requestedSlot(requests: readonly RunRequest[], planned: readonly Iteration[]): string | null {
  return openRequests(requests, planned).toSorted((a, b) => b.requestedAt - a.requestedAt)[0]?.id ?? null;
}

/** The first occurrence since the mission last ran, or was last changed, if its time has come. */
async function scheduledSlot(mission: Mission, planned: readonly Iteration[], nowMs: number): Promise<string | null> {
  if (mission.trigger.kind === 'manual') return null;
  const { nextOccurrence, slotText } = await import('@manara/shared-ai/schedule');
  const lastRun = Math.max(0, ...planned.map((iteration) => iteration.startedAt));
  const since = Math.max(lastRun, mission.touchedMs, nowMs - DUE_WITHIN_MS);
  const at = nextOccurrence(mission.trigger, since);
  if (at === null || at > nowMs) return null;
  const slot = slotText(at);
  return planned.some((iteration) => iteration.slot === slot) ? null : slot;
}
