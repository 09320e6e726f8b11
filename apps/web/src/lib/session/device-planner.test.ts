import type { JsonValue } from '@manara/kernel/json';
import { tables } from '@manara/modules/registry';
import { type Mission, missions, runRequests } from '@manara/shared-ai/tables/missions';
import { type Iteration, iterations } from '@manara/shared-ai/tables/plans';
import { type AnyRow, readRow, type TableDef } from '@manara/sync-core/define-table';
import type { Query, RowReader } from '@manara/sync-core/reader';
import { expect, it } from 'vitest';
import { findDue, planDue } from './device-planner.ts';

const NOW = Date.UTC(2026, 10, 20, 9, 0);
const HOUR = 3_600_000;

/** Rows by table; knows the queries that the planner asks. */
function readerOf(rows: Readonly<Record<string, readonly object[]>>): RowReader {
  return {
    list: async (table: TableDef, { by = 'id', equals, anyOf = [equals ?? null] }: Query = {}) =>
      ((rows[table.name] ?? []) as AnyRow[]).filter((row) => anyOf.includes(row[by] as JsonValue)),
  } as unknown as RowReader;
}

const row = <T extends TableDef>(table: T, id: string, values: object) => ({ ...readRow(table, id, {}), ...values });
const daily = {
  kind: 'rrule',
  rrule: 'FREQ=DAILY;BYHOUR=8;BYMINUTE=0;BYSECOND=0',
  zone: 'UTC',
  start: NOW - 30 * 24 * HOUR,
};
const mission = (values: Partial<Mission> = {}) =>
  row(missions, 'm1', { state: 'active', trigger: daily, touchedMs: NOW - 48 * HOUR, ...values });
const planned = (values: Partial<Iteration>) => row(iterations, 'i1', { missionId: 'm1', ...values });
const request = (id: string, requestedAt: number) =>
  row(runRequests, id, { missionId: 'm1', kind: 'run', requestedAt });
const slots = async (rows: Parameters<typeof readerOf>[0]): Promise<string[]> =>
  (await findDue(readerOf(rows), NOW)).map(({ slot }) => slot);

it('knows the tables that it reads', () => {
  expect(tables).toEqual(expect.arrayContaining([missions, runRequests, iterations]));
});

it('finds the occurrence whose time has come, once', async () => {
  expect(await slots({ missions: [mission()] })).toEqual(['2026-11-20T08:00Z']);
  const served = planned({ slot: '2026-11-20T08:00Z', startedAt: NOW - 30 * 60_000 });
  expect(await slots({ missions: [mission()], iterations: [served] })).toEqual([]);
});

it('catches up one missed occurrence, never a replay of all', async () => {
  const old = planned({ slot: '2026-11-10T08:00Z', startedAt: NOW - 10 * 24 * HOUR });
  expect(await slots({ missions: [mission()], iterations: [old] })).toHaveLength(1);
});

it('plans nothing for what is paused, manual, or was changed after its time', async () => {
  expect(await slots({ missions: [mission({ state: 'paused' })] })).toEqual([]);
  expect(await slots({ missions: [mission({ trigger: { kind: 'manual' } })] })).toEqual([]);
  expect(await slots({ missions: [mission({ touchedMs: NOW - HOUR / 2 })] })).toEqual([]);
});

it('serves the latest "run now" that no plan has served', async () => {
  const manual = mission({ trigger: { kind: 'manual' } });
  const asked = [request('r1', NOW - 120_000), request('r2', NOW - 60_000)];
  expect(await slots({ missions: [manual], runRequests: asked })).toEqual(['r2']);
  const served = planned({ slot: 'r2', startedAt: NOW - 30_000 });
  expect(await slots({ missions: [manual], runRequests: asked, iterations: [served] })).toEqual([]);
  expect(await slots({ missions: [manual], runRequests: [request('r0', NOW - 25 * HOUR)] })).toEqual([]);
});

it('serves a "run now" once, and with it what was asked before, when the clock was set back since', async () => {
  const asked = [request('r1', NOW + 2 * HOUR), request('r2', NOW + 3 * HOUR)];
  const served = planned({ slot: 'r2', startedAt: NOW - 30_000 });
  const manual = mission({ trigger: { kind: 'manual' } });
  expect(await slots({ missions: [manual], runRequests: asked, iterations: [served] })).toEqual([]);
});

it('serves "run now" of a mission that rests, and of none that was put away', async () => {
  const asked = [request('r1', NOW - 60_000)];
  for (const state of ['paused', 'draft', 'done'] as const)
    expect(await slots({ missions: [mission({ state })], runRequests: asked })).toEqual(['r1']);
  expect(await slots({ missions: [mission({ state: 'archived' })], runRequests: asked })).toEqual([]);
});

it('leaves it to a server that was there a moment ago', async () => {
  let asked = 0;
  const list = async (): Promise<readonly never[]> => {
    asked += 1;
    return [];
  };
  const reader = { list } as unknown as RowReader;
  const seams = { nowMs: () => NOW } as never;
  await planDue({ db: { reader } as never, seams, awayMs: () => 5000 });
  expect(asked).toBe(0);
  await planDue({ db: { reader } as never, seams, awayMs: () => 120_000 });
  expect(asked).toBeGreaterThan(0);
});
