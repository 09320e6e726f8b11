import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type Database, openDatabase } from '@manara/db/client';
import { migrate } from '@manara/db/migrate';
import { uuid7 } from '@manara/kernel/id';
import type { Op } from '@manara/sync-core/wire-op';
import type { Write } from '@manara/sync-core/write';
import { RawClient } from '@manara/testkit/raw-client';
import { startThrowawayPostgres } from '@manara/testkit/throwaway-postgres';
import { signUp } from './account.ts';
import { type RatioFigure, ratioFigure } from './figure.ts';
import { interleave } from './interleave.ts';
import type { Bench, Measurement } from './measurement.ts';
import { opMaker } from './op-maker.ts';
import { openSolo } from './open-solo.ts';
import { pushClient } from './push-client.ts';
import { sampleTodos } from './sample-todos.ts';
import { tempFolder } from './temp-folder.ts';

/** Ops in a batch, and how many batches make one timed round. The last is the most that a push may hold. */
const BATCHES = [
  { ops: 1, perRound: 40 },
  { ops: 50, perRound: 8 },
  { ops: 500, perRound: 2 },
];

/** What the two databases have in common: a server process over it, and the same engine for the bare insert. */
interface Target {
  readonly name: string;
  readonly url: string;
  readonly db: Database;
}

export const push: Measurement = {
  name: 'push',
  title: 'Push against a raw multi-row insert, per record (Postgres without fsync, the embedded database with it)',
  async run(bench) {
    const figures: RatioFigure[] = [];
    for (const open of [openPostgresTarget, openEmbeddedTarget])
      figures.push(...(await pushFigures(bench, await open(bench))));
    return figures;
  },
};

async function openPostgresTarget(bench: Bench): Promise<Target> {
  const server = await startThrowawayPostgres();
  bench.keep(() => server.stop());
  const databaseUrl = await server.createDatabase();
  // The server process migrates it.
  const { url } = await openSolo(bench, { databaseUrl });
  const db = await openDatabase({ kind: 'postgres', url: databaseUrl, poolMax: 2 });
  bench.keep(() => db.close());
  return { name: 'Postgres', url, db };
}

async function openEmbeddedTarget(bench: Bench): Promise<Target> {
  const { url } = await openSolo(bench);
  // The process has its own to itself, so the bare insert gets another one of the same kind, on the same disk.
  const db = await openDatabase({ kind: 'embedded', dataDir: join(await tempFolder(bench), 'postgres') });
  bench.keep(() => db.close());
  await migrate(db);
  return { name: 'embedded', url, db };
}

async function pushFigures(bench: Bench, { name, url, db }: Target): Promise<RatioFigure[]> {
  const http = pushClient(await signUp(url));
  const direct = await directIngest(db);
  const raw = await rawInsert(db);
  const figures: RatioFigure[] = [];
  for (const batch of BATCHES) {
    const batches = bench.quick ? Math.ceil(batch.perRound / 4) : batch.perRound;
    const timed =
      (prepare: (writes: Write[]) => readonly Op[], send: (ops: readonly Op[]) => Promise<void>) => async () => {
        const prepared = Array.from({ length: batches }, () => prepare(newTodos(batch.ops)));
        const start = performance.now();
        for (const ops of prepared) await send(ops);
        return (performance.now() - start) / (batches * batch.ops);
      };
    const ops = (writes: Write[]) => writes.map(direct.op);
    const timings = await interleave(
      {
        http: timed((writes) => writes.map(http.op), http.push),
        direct: timed(ops, direct.push),
        raw: timed(ops, raw),
      },
      bench.quick ? { warmUps: 1, rounds: 2 } : { warmUps: 2, rounds: 9 },
    );
    const baseline = { label: 'raw insert', values: timings.raw };
    const label = `${name}, batch ${batch.ops}`;
    figures.push(ratioFigure(`${label}: push over HTTP`, 'ms/record', timings.http, baseline));
    figures.push(ratioFigure(`${label}: ingest alone`, 'ms/record', timings.direct, baseline));
  }
  return figures;
}

function newTodos(count: number): Write[] {
  const newId = () => uuid7(Date.now(), randomBytes(10));
  return sampleTodos(count, { newId, nowMs: Date.now(), today: '2026-11-20' });
}

/** The server's own transaction without HTTP, sessions and the request's checks. */
async function directIngest(db: Database) {
  const client = await RawClient.create(db, 'bench');
  return {
    op: opMaker({ space: client.space, client: client.client, actor: { kind: 'user', id: 'bench', name: 'Ada' } }),
    async push(ops: readonly Op[]): Promise<void> {
      const { results } = await client.pushed(ops);
      const refused = results.find((result) => result.status !== 'ok');
      if (refused) throw new Error(`ingest: an op was refused: ${JSON.stringify(refused)}`);
    },
  };
}

/** One statement for all rows, into a table with a primary key and nothing else: the least that storing them can cost. */
async function rawInsert(db: Database) {
  await db.sql`
    create table bench_rows (
      space_id uuid not null, table_name text not null, id uuid not null, fields jsonb not null, actors jsonb not null,
      primary key (space_id, table_name, id)
    )`;
  return async (ops: readonly Op[]): Promise<void> => {
    const rows = ops.map((op) => ({
      space_id: op.space,
      table_name: op.table,
      id: op.id,
      fields: op.fields,
      actors: { '*': op.actor },
    }));
    // A parameter for every value would be slower than one document for all of them.
    await db.sql`
      insert into bench_rows
      select * from jsonb_to_recordset(${db.sql.json(rows as never)})
        as row (space_id uuid, table_name text, id uuid, fields jsonb, actors jsonb)`;
  };
}
