import type { Database, Tx } from '@manara/db/client';
import { inTransaction } from '@manara/db/in-transaction';
import { ingestAsSystem } from '@manara/db/ingest/ingest';
import { readRecords } from '@manara/db/ingest/stored-records';
import { recordReader } from '@manara/db/records/record-reader';
import { claimRuns } from '@manara/db/runs/claim-runs';
import { keepPrompt } from '@manara/db/runs/keep-prompt';
import type { ClaimedRun } from '@manara/db/runs/run';
import { cancelRun, failRun, releaseRun, renewLease, settleRun } from '@manara/db/runs/settle-run';
import { checkTrigger, nextOccurrence } from '@manara/shared-ai/schedule';
import { trigger } from '@manara/shared-ai/tables/missions';
import type { Op } from '@manara/sync-core/wire-op';
import * as z from 'zod/mini';
import type { AttemptFailure, Refusal, RunStore, SpaceReader, WriteBack, WriteBackResult } from './run-store.ts';
import type { RunnerTuning } from './runner-context.ts';
import type { RunnerClock, RunnerRandom } from './seams.ts';

export interface DatabaseRunStoreDeps {
  readonly db: Database;
  readonly clock: RunnerClock;
  readonly random: RunnerRandom;
  readonly tuning: RunnerTuning;
  /** the runner's client id; also what the runs table shows as their worker */
  readonly client: string;
}

/** Rolls a transaction back and says why. */
class Undone extends Error {
  readonly result: WriteBackResult;

  constructor(result: WriteBackResult) {
    super(`undone: ${result.status}`);
    this.result = result;
  }
}

/** The store over Postgres or the embedded engine. Only here does the runner meet the database. */
export function createDatabaseRunStore(deps: DatabaseRunStoreDeps): RunStore {
  const { db, clock, random, tuning, client } = deps;
  const asRunner = <T>(work: (tx: Tx) => Promise<T>): Promise<T> => inTransaction(db, { role: 'runner' }, work);
  const inSpace = <T>(spaceId: string, work: (tx: Tx) => Promise<T>): Promise<T> =>
    inTransaction(db, { role: 'app', spaceId }, work);
  const ingest = (tx: Tx, spaceId: string, ops: readonly Op[]) =>
    ingestAsSystem(tx, { client, spaceId, ops, nowMs: clock.nowMs() });
  const failure = ({ message, final }: AttemptFailure) => ({
    message,
    attemptsMax: final ? 0 : tuning.attemptsMax,
    backoffMs: tuning.backoffMs,
    backoffMaxMs: tuning.backoffMaxMs,
    jitter: random.number(),
  });

  async function writeAll(tx: Tx, spaceId: string, ops: readonly Op[]): Promise<Readonly<Record<string, number>>> {
    if (ops.length === 0) return {};
    const { plan, moved } = await ingest(tx, spaceId, ops);
    const refusals = refusalsOf(ops, plan.results);
    if (refusals.length > 0) throw new Undone({ status: 'refused', refusals });
    return moved;
  }

  async function writeBack(tx: Tx, run: ClaimedRun, what: WriteBack): Promise<WriteBackResult> {
    // Heads before runs, as ingest takes them everywhere: the other order could lock two transactions out.
    let heads = await writeAll(tx, run.spaceId, what.ops);
    const followed = what.follow ? await what.follow(spaceReader(tx, run.spaceId)) : [];
    if (followed.length > 0) heads = { ...heads, ...(await ingest(tx, run.spaceId, followed)).moved };
    if (what.prompt) await keepPrompt(tx, run.spaceId, what.prompt);
    const held = what.failure ? await failRun(tx, run, failure(what.failure)) : await settleRun(tx, run);
    // The fence: whoever took the run over writes its plan, and this one's is as if it had never been.
    if (!held) throw new Undone({ status: 'lost' });
    return { status: 'written', heads };
  }

  const orUndone = async (work: Promise<WriteBackResult>): Promise<WriteBackResult> => {
    try {
      return await work;
    } catch (error) {
      if (error instanceof Undone) return error.result;
      throw error;
    }
  };

  return {
    claim: (limit) =>
      claimRuns(db, { worker: client, limit, leaseMs: tuning.leaseMs, attemptsMax: tuning.attemptsMax, nextSlot }),
    renew: (run, phase) => asRunner((tx) => renewLease(tx, run, tuning.leaseMs, phase)),
    read: (spaceId, work) => inSpace(spaceId, (tx) => work(spaceReader(tx, spaceId))),
    writeBack: (run, what) => orUndone(inSpace(run.spaceId, (tx) => writeBack(tx, run, what))),
    write: (spaceId, ops) =>
      orUndone(inSpace(spaceId, async (tx) => ({ status: 'written', heads: await writeAll(tx, spaceId, ops) }))),
    fail: (run, what) => asRunner((tx) => failRun(tx, run, failure(what))),
    release: async (run) => void (await asRunner((tx) => releaseRun(tx, run))),
    cancel: async (run) => void (await asRunner((tx) => cancelRun(tx, run))),
  };
}

/** A trigger that cannot be read throws: the mission stops being due and its owner's log says so. */
function nextSlot(stored: unknown, afterMs: number): number | null {
  const parsed = z.safeParse(trigger, stored);
  if (!parsed.success) throw new Error(`not a trigger: ${parsed.error.issues[0]?.message}`);
  const checked = checkTrigger(parsed.data);
  if (!checked.ok) throw new Error(checked.error);
  return nextOccurrence(checked.value, afterMs);
}

function spaceReader(tx: Tx, spaceId: string): SpaceReader {
  const stampsOf = async (table: string, id: string) => {
    const records = await readRecords(tx, [{ space: spaceId, table, id }]);
    return [...records.values()].flatMap(({ cells }) => Object.values(cells).map((cell) => cell.stamp));
  };
  return { ...recordReader(tx, spaceId), stampsOf };
}

function refusalsOf(ops: readonly Op[], results: readonly { readonly status: string }[]): Refusal[] {
  return results.flatMap((result, index) => {
    const op = ops[index];
    if (result.status === 'ok' || !op) return [];
    const { code = '', message = '' } = result as { code?: string; message?: string };
    return [{ table: op.table, id: op.id, code, message }];
  });
}
