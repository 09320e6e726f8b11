// Runs in Chromium. Every function does one side of one round and returns how long that took, in milliseconds.
import { openLocalDb } from '@manara/local-db/open-local-db';
import { browserSeams } from '@manara/local-db/seams';
import { DexieSyncStore } from '@manara/local-db/sync-store';
import { tables, toolByName } from '@manara/modules/registry';
import { todos } from '@manara/modules/todo/schema';
import { Exchange } from '@manara/sync-client/exchange';
import { httpTransport } from '@manara/sync-client/http-transport';
import { browserPorts } from '@manara/sync-client/seams';
import type { Write } from '@manara/sync-core/write';
import { Dexie, type Table } from 'dexie';
import { sampleTodos } from '../sample-todos.ts';

/** What the page offers to the program that opened it. */
export interface BenchPage {
  /** `count` todos one after the other through the write door: record, stamps, clock and outbox in one transaction each. */
  writeTodos(count: number): Promise<number>;
  /** The same todos as plain rows, one `put` each. */
  putTodos(count: number): Promise<number>;
  /** A device that has nothing yet, until it has all of the account's `count` records. */
  coldStart(session: PageSession, count: number): Promise<number>;
  /** The same pages asked for and parsed, and thrown away. */
  download(session: PageSession, count: number): Promise<number>;
  /** As many plain rows into a new database, in one `bulkPut`. */
  bulkPut(count: number): Promise<number>;
}

/** Where the page's own origin keeps which account. */
export interface PageSession {
  readonly token: string;
  readonly space: string;
  readonly epoch: string;
}

const seams = browserSeams();
const context = () => ({ newId: () => seams.newId(), nowMs: seams.nowMs(), today: '2026-11-20' });
const actor = { kind: 'user', id: 'bench', name: 'Ada' } as const;

/** What an app without sync would keep, under the indexes that the todo page needs. */
const PLAIN_STORE = 'id, due, doneAt, listId, position';
type PlainRow = Write['set'] & { readonly id: string };
const plainRows = (count: number): PlainRow[] => sampleTodos(count, context()).map(({ id, set }) => ({ ...set, id }));

async function openPlain(name: string): Promise<{ dexie: Dexie; todos: Table<PlainRow, string> }> {
  const dexie = new Dexie(name);
  dexie.version(1).stores({ todos: PLAIN_STORE });
  await dexie.open();
  return { dexie, todos: dexie.table('todos') };
}

const openLocal = (name: string, space: string) =>
  openLocalDb({
    name,
    tables,
    tools: toolByName,
    origin: { kind: 'account', space, clientId: seams.newClientId() },
    seams,
  });

let drawn = 0;
const newName = () => `bench-${++drawn}`;
const kept = {
  local: openLocal('bench-writes', seams.newId()),
  plain: openPlain('bench-puts'),
};

async function writeTodos(count: number): Promise<number> {
  const db = await kept.local;
  const writes = sampleTodos(count, context());
  const start = performance.now();
  for (const write of writes) {
    const written = await db.write(actor, [write]);
    if (!written.ok) throw new Error(`refused: ${written.error.message}`);
  }
  return performance.now() - start;
}

async function putTodos(count: number): Promise<number> {
  const plain = await kept.plain;
  const rows = plainRows(count);
  const start = performance.now();
  for (const row of rows) await plain.todos.put(row);
  return performance.now() - start;
}

function transportOf({ token }: PageSession) {
  const { timers } = browserPorts();
  return httpTransport({ baseUrl: '', fetch: (...request) => fetch(...request), timers, token: () => token });
}

async function coldStart(session: PageSession, count: number): Promise<number> {
  const start = performance.now();
  const db = await openLocal(newName(), session.space);
  const exchange = new Exchange({
    store: new DexieSyncStore(db),
    transport: transportOf(session),
    clock: browserPorts().clock,
    onSkew: () => undefined,
  });
  const round = await exchange.round(new AbortController().signal);
  const ms = performance.now() - start;
  if (!round.ok) throw new Error(`the exchange failed: ${JSON.stringify(round.error)}`);
  await mustBe(count, await db.reader.count(todos));
  await db.delete();
  return ms;
}

async function download(session: PageSession, count: number): Promise<number> {
  const transport = transportOf(session);
  const signal = new AbortController().signal;
  const client = seams.newClientId();
  let records = 0;
  const start = performance.now();
  for (let cursor = 0, more = true; more; ) {
    const body = { protocol: 1, client, epoch: session.epoch, cursors: { [session.space]: cursor }, limit: 1000 };
    const reply = await transport.send({ method: 'POST', path: '/v1/sync/pull', body, timeoutMs: 30_000, signal });
    if (!reply.ok) throw new Error(`pull: ${JSON.stringify(reply)}`);
    const page = (reply.body as PullPages).spaces[session.space];
    if (page === undefined) throw new Error('pull: the space is not there');
    records += page.records.length;
    ({ cursor, more } = page);
  }
  const ms = performance.now() - start;
  await mustBe(count, records);
  return ms;
}

interface PullPages {
  readonly spaces: Readonly<Record<string, { cursor: number; more: boolean; records: readonly unknown[] }>>;
}

async function bulkPut(count: number): Promise<number> {
  const rows = plainRows(count);
  const start = performance.now();
  const plain = await openPlain(newName());
  await plain.todos.bulkPut(rows);
  const ms = performance.now() - start;
  await mustBe(count, await plain.todos.count());
  await plain.dexie.delete();
  return ms;
}

async function mustBe(wanted: number, there: number): Promise<void> {
  if (wanted !== there) throw new Error(`${there} records instead of ${wanted}`);
}

const page: BenchPage = { writeTodos, putTodos, coldStart, download, bulkPut };
Object.assign(window, { manaraBench: page });
