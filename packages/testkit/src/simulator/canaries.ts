import type { IngestPlan, PlanInput } from '@manara/db/ingest/plan-ingest';
import { executions } from '@manara/shared-ai/tables/plans';
import type { BatchReply, PageReply, TransportReply } from '@manara/sync-client/ports';
import { type Cell, type Cells, DELETED } from '@manara/sync-core/record';
import { stampMs } from '@manara/sync-core/stamp';
import type { Op } from '@manara/sync-core/wire-op';
import type { Write } from '@manara/sync-core/write';
import type { OracleName } from './oracle-name.ts';

/** A planted bug: where a correct part is replaced by one that is wrong in a way that has happened before. */
export interface Canary {
  /** the oracles that must catch it, all of them: others see it, too */
  readonly caughtBy: readonly OracleName[];
  /** the server: what it plans on, what it makes of it, what it answers */
  readonly planInput?: (input: PlanInput) => PlanInput;
  readonly plan?: (plan: IngestPlan) => IngestPlan;
  readonly reply?: (path: string, reply: TransportReply) => TransportReply;
  readonly repeatsBatches?: true;
  /** the device: what it writes, what it makes of an answer, what it forgets */
  readonly writes?: (writes: readonly Write[], newId: () => string) => readonly Write[];
  readonly settled?: (reply: BatchReply) => BatchReply;
  readonly skipsRepairs?: true;
  readonly asksOnce?: true;
  readonly forgetsClock?: true;
  readonly forgetsBatch?: true;
  readonly queuesLater?: true;
  readonly stagesOnce?: true;
}

const OLDEST = '000000000000-0000-0000000000000000';

const mapCells = (cells: Cells, change: (name: string, cell: Cell) => Cell | null): Cells =>
  Object.fromEntries(
    Object.entries(cells).flatMap(([name, cell]) => {
      const next = change(name, cell);
      return next === null ? [] : [[name, next]];
    }),
  );

export const canaries = {
  /** whoever comes last wins */
  'merge-by-arrival': {
    caughtBy: ['greatest-stamp'],
    planInput: (input) => ({
      ...input,
      stored: new Map(
        [...input.stored].map(([key, record]) => [
          key,
          { ...record, cells: mapCells(record.cells, (_, cell) => ({ ...cell, stamp: OLDEST })) },
        ]),
      ),
    }),
  },
  /** a page leaves out its last record and moves the cursor past it: what commits late is never seen */
  'cursor-skips': {
    caughtBy: ['cursor', 'convergence'],
    reply: (path, reply) => {
      if (path !== '/v1/sync/pull' || !reply.ok) return reply;
      const body = reply.body as { readonly spaces: Readonly<Record<string, PageReply>> };
      const spaces = Object.entries(body.spaces).map(([space, page]) => [
        space,
        page.records.length > 1 ? { ...page, records: page.records.slice(0, -1) } : page,
      ]);
      return { ok: true, body: { ...body, spaces: Object.fromEntries(spaces) } };
    },
  },
  /** a batch whose answer was lost is applied again */
  'batch-applied-twice': { caughtBy: ['idempotency'], repeatsBatches: true },
  /** ops are judged one by one, whatever their group says */
  'groups-split': {
    caughtBy: ['group-atomicity'],
    planInput: (input) => ({
      ...input,
      ops: input.ops.map((op) => ({ ...(op as object), group: undefined })),
    }),
  },
  /** an execution gets an id of its own on every device that approves */
  'execution-ids-drawn': {
    caughtBy: ['one-effect'],
    writes: (writes, newId) => {
      const drawn = new Map<string, string>();
      for (const write of writes) if (write.table === executions.name) drawn.set(write.id, newId());
      return writes.map((write) => ({ ...write, id: drawn.get(write.id) ?? write.id }));
    },
  },
  /** the server's new stamps are not taken over */
  'restamp-ignored': {
    caughtBy: ['convergence', 'digest', 'no-lost-acknowledged-write'],
    settled: (reply) => ({ ...reply, restamped: {} }),
  },
  /** a record whose stamps were rewritten is not fetched again: what had lost to the old stamp never comes */
  'restamped-not-fetched': { caughtBy: ['convergence'], asksOnce: true },
  /** a refused cell stays as it was written here */
  'refusal-not-repaired': {
    caughtBy: ['convergence'],
    skipsRepairs: true,
  },
  /** the clock lies in memory alone */
  'clock-forgotten': { caughtBy: ['stamps-rise'], forgetsClock: true },
  /** a batch is not stored before it is sent */
  'batch-not-stored': { caughtBy: ['own-client-id'], forgetsBatch: true },
  /** the outbox entry is written after the transaction of the record */
  'outbox-written-later': { caughtBy: ['no-lost-write'], queuesLater: true },
  /** a later write brings a deleted record back */
  'tombstone-lifted': {
    caughtBy: ['tombstones', 'fold'],
    plan: (plan) => ({
      ...plan,
      changed: plan.changed.map((record) => {
        const written = plan.log.some(
          ({ table, id, cells }) => table === record.table && id === record.id && cells[DELETED] === undefined,
        );
        if (!written || record.cells[DELETED]?.value !== true) return record;
        return { ...record, cells: mapCells(record.cells, (name, cell) => (name === DELETED ? null : cell)) };
      }),
    }),
  },
  /** a stamp too far ahead is refused instead of rewritten */
  'ahead-refused': {
    caughtBy: ['no-refusal'],
    planInput: (input) => ({
      ...input,
      ops: (input.ops as readonly Op[]).map((op) => {
        const stamps = [...Object.values(op.fields ?? {}), ...(op.deleted ? [op.deleted] : [])].map((cell) => cell[1]);
        const isAhead = stamps.some((stamp) => stampMs(stamp) > input.wallMs + 60_000);
        return isAhead ? { ...op, actor: { ...op.actor, kind: 'nobody' } } : op;
      }),
    }),
  },
  /** the answer to a larger batch has a verdict too few, every time */
  'verdict-missing': {
    caughtBy: ['drained'],
    reply: (path, reply) => {
      if (path !== '/v1/sync/push' || !reply.ok) return reply;
      const body = reply.body as BatchReply;
      return body.results.length < 4 ? reply : { ok: true, body: { ...body, results: body.results.slice(1) } };
    },
  },
  /** a proposal is derived when its step arrives and not again */
  'staged-once': { caughtBy: ['staging'], stagesOnce: true },
} as const satisfies Record<string, Canary>;

export type CanaryName = keyof typeof canaries;
export const canaryNames = Object.keys(canaries) as CanaryName[];

/** Oracles that no planted bug tries. None but `no-exception`, which needs no cunning. */
export type UntriedOracle = Exclude<OracleName, (typeof canaries)[CanaryName]['caughtBy'][number] | 'no-exception'>;
