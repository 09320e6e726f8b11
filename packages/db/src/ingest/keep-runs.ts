import { canonicalJson } from '@manara/kernel/canonical-json';
import { nextOccurrence } from '@manara/shared-ai/schedule';
import { missions, type RunRequest, runRequests, type Trigger } from '@manara/shared-ai/tables/missions';
import { iterations } from '@manara/shared-ai/tables/plans';
import { readRow } from '@manara/sync-core/define-table';
import { DELETED } from '@manara/sync-core/record';
import type { JSONValue } from 'postgres';
import type { Tx } from '../client.ts';
import { closeSlot, requestRun } from '../runs/request-run.ts';
import { type MissionSchedule, scheduleMissions } from '../runs/schedule-missions.ts';
import { cancelMissionRuns } from '../runs/settle-run.ts';
import type { ChangedRecord } from './ingest-state.ts';
import type { IngestPlan } from './plan-ingest.ts';

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
  const rescheduled = rescheduledMissions(plan);
  const nextSlotOf = slotsAfter(options.nowMs);
  for (const record of plan.changed) {
    if (record.table === missions.name && rescheduled.has(`${record.space}|${record.id}`)) {
      // One by one: a hostile rule takes up to 40 ms to compute, and others get their turn in between.
      await scheduleMissions(tx, record.space, [scheduleOf(record, nextSlotOf)]);
      const { state, deleted } = readRow(missions, record.id, record.cells);
      const away = deleted || state === 'archived';
      if (away) await cancelMissionRuns(tx, record.space, record.id, ['scheduled', 'request']);
      else if (state !== 'active') await cancelMissionRuns(tx, record.space, record.id, ['scheduled']);
    }
    if (record.table === runRequests.name && record.isNew) await queueRequest(tx, record);
    if (record.table === iterations.name && record.isNew && !options.bySystem) await closePlanned(tx, record);
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

async function queueRequest(tx: Tx, { space, id, cells }: ChangedRecord): Promise<void> {
  const request: RunRequest = readRow(runRequests, id, cells);
  const { missionId, messageId } = request;
  if (request.deleted) return;
  if (request.kind === 'run' && missionId !== null) {
    await requestRun(tx, { spaceId: space, kind: 'request', missionId, messageId: null, requestId: id });
  } else if (request.kind === 'answer' && messageId !== null) {
    await requestRun(tx, { spaceId: space, kind: 'answer', missionId, messageId, requestId: id });
  }
}

async function closePlanned(tx: Tx, { space, id, cells }: ChangedRecord): Promise<void> {
  const { missionId, slot } = readRow(iterations, id, cells);
  if (missionId !== '' && slot !== '') await closeSlot(tx, { spaceId: space, missionId, slot });
}
