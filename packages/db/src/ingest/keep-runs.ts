import { canonicalJson } from '@manara/kernel/canonical-json';
import { nextOccurrence } from '@manara/shared-ai/schedule';
import { missions, type RunRequest, runRequests, type Trigger } from '@manara/shared-ai/tables/missions';
import { iterations } from '@manara/shared-ai/tables/plans';
import { readRow } from '@manara/sync-core/define-table';
import { type Cells, DELETED, recordKey } from '@manara/sync-core/record';
import { stampNode } from '@manara/sync-core/stamp';
import type { JSONValue } from 'postgres';
import type { Tx } from '../client.ts';
import { recordReader } from '../records/record-reader.ts';
import { closeSlot, requestRun, waitingRequests } from '../runs/request-run.ts';
import { type MissionSchedule, scheduleMissions } from '../runs/schedule-missions.ts';
import { cancelMissionRuns } from '../runs/settle-run.ts';
import type { ChangedRecord } from './ingest-state.ts';
import type { IngestPlan } from './plan-ingest.ts';
import { readRecords } from './stored-records.ts';

/** Fields of a mission that decide when it runs. */
const SCHEDULING: readonly string[] = ['trigger', 'state', DELETED];
/** Postgres and JavaScript agree on instants up to here. */
const INSTANT_MS_MAX = 8.64e15;

export interface KeepRunsOptions {
  readonly nowMs: number;
  /** The runner settles its own runs; what devices planned closes the slot. */
  readonly bySystem: boolean;
}

/** What an ingest means for the runner's tables, in the same transaction: when missions are due, and which runs wait. */
export async function keepRuns(tx: Tx, plan: IngestPlan, options: KeepRunsOptions): Promise<void> {
  await keepSchedules(tx, plan, options.nowMs);
  const added = (table: string) => plan.changed.filter((record) => record.table === table && record.isNew);
  const asked: MissionKey[] = [];
  for (const record of added(runRequests.name)) asked.push(...(await queueRequest(tx, record)));
  if (options.bySystem) return;
  for (const record of added(iterations.name)) asked.push(...(await closePlanned(tx, record)));
  const missionsAsked = new Map(asked.map((key) => [`${key.space}|${key.missionId}`, key]));
  for (const key of missionsAsked.values()) await closeServed(tx, key);
}

interface MissionKey {
  readonly space: string;
  readonly missionId: string;
}

// Before the runs: a worker that claims takes schedules and runs in this order too.
async function keepSchedules(tx: Tx, plan: IngestPlan, nowMs: number): Promise<void> {
  const rescheduled = rescheduledMissions(plan);
  const nextSlotOf = slotsAfter(nowMs);
  for (const record of plan.changed) {
    if (record.table !== missions.name || !rescheduled.has(`${record.space}|${record.id}`)) continue;
    // One by one: a hostile rule takes up to 40 ms to compute, and others get their turn in between.
    await scheduleMissions(tx, record.space, [scheduleOf(record, nextSlotOf)]);
    const { state, deleted } = readRow(missions, record.id, record.cells);
    const away = deleted || state === 'archived';
    if (away) await cancelMissionRuns(tx, record.space, record.id, ['scheduled', 'request']);
    else if (state !== 'active') await cancelMissionRuns(tx, record.space, record.id, ['scheduled']);
  }
}

/**
 * Missions whose scheduling changed in value. A mission whose title changed keeps its next slot: drawing it anew would
 * skip one that is due and not yet claimed.
 */
function rescheduledMissions(plan: IngestPlan): Set<string> {
  const ids = new Set<string>();
  for (const { space, table, id, cells } of plan.log) {
    if (table !== missions.name) continue;
    const changes = SCHEDULING.some((name) => {
      const cell = cells[name];
      if (!cell?.won) return false;
      return cell.previous === undefined || canonicalJson(cell.previous[0]) !== canonicalJson(cell.value);
    });
    if (changes) ids.add(`${space}|${id}`);
  }
  return ids;
}

function isActive(record: ChangedRecord): boolean {
  const mission = readRow(missions, record.id, record.cells);
  return mission.state === 'active' && !mission.deleted;
}

type NextSlotOf = (trigger: Trigger) => number | null;

function scheduleOf(record: ChangedRecord, nextSlotOf: NextSlotOf): MissionSchedule {
  const { trigger } = readRow(missions, record.id, record.cells);
  const nextSlotMs = isActive(record) ? nextSlotOf(trigger) : null;
  return { missionId: record.id, trigger: trigger as unknown as JSONValue, nextSlotMs };
}

/**
 * When triggers are next due; one that several missions of a batch have is computed once. A trigger that cannot be read
 * makes its mission never due; it does not refuse the write.
 */
function slotsAfter(nowMs: number): NextSlotOf {
  const known = new Map<string, number | null>();
  return (trigger) => {
    const key = JSON.stringify(trigger);
    const slotMs = known.has(key) ? (known.get(key) ?? null) : nextOccurrence(trigger, nowMs);
    known.set(key, slotMs);
    return slotMs !== null && slotMs >= 0 && slotMs <= INSTANT_MS_MAX ? slotMs : null;
  };
}

/** Queues what a request asks for. Returns the mission that it asks to run. */
async function queueRequest(tx: Tx, { space, id, cells }: ChangedRecord): Promise<MissionKey[]> {
  const request: RunRequest = readRow(runRequests, id, cells);
  const { missionId, messageId } = request;
  if (request.deleted) return [];
  if (request.kind === 'run' && missionId !== null) {
    await requestRun(tx, { spaceId: space, kind: 'request', missionId, messageId: null, requestId: id });
    return [{ space, missionId }];
  }
  if (request.kind === 'answer' && messageId !== null) {
    await requestRun(tx, { spaceId: space, kind: 'answer', missionId, messageId, requestId: id });
  }
  return [];
}

/** Closes the slot that a device planned. Returns the mission. */
async function closePlanned(tx: Tx, { space, id, cells }: ChangedRecord): Promise<MissionKey[]> {
  const { missionId, slot } = readRow(iterations, id, cells);
  if (missionId === '' || slot === '') return [];
  await closeSlot(tx, { spaceId: space, missionId, slot });
  return [{ space, missionId }];
}

/**
 * A device's plan serves, as a run does, every request that was made before it started: of those of the same device,
 * for times of two clocks are not compared. Requests and plan may come in any order: a guest's records come by table.
 */
async function closeServed(tx: Tx, { space, missionId }: MissionKey): Promise<void> {
  const waiting = await waitingRequests(tx, space, missionId);
  if (waiting.length === 0) return;
  const all = await recordReader(tx, space).list(iterations, { by: 'missionId', equals: missionId });
  const plans = all.filter((iteration) => iteration.source === 'device');
  if (plans.length === 0) return;
  const records = await readRecords(tx, [
    ...waiting.map((id) => ({ space, table: runRequests.name, id })),
    ...plans.map(({ id }) => ({ space, table: iterations.name, id })),
  ]);
  const cellsOf = (table: string, id: string): Cells => records.get(recordKey({ space, table, id }))?.cells ?? {};
  for (const slot of waiting) {
    const cells = cellsOf(runRequests.name, slot);
    const { requestedAt } = readRow(runRequests, slot, cells);
    const device = writerOf(cells);
    const served = plans.some(
      ({ id, startedAt }) => startedAt >= requestedAt && writerOf(cellsOf(iterations.name, id)) === device,
    );
    if (served) await closeSlot(tx, { spaceId: space, missionId, slot });
  }
}

/** The device that wrote a request or iteration: it says which mission is meant. `accepted` is the server's. */
const writerOf = ({ missionId }: Cells): string | null => (missionId === undefined ? null : stampNode(missionId.stamp));
