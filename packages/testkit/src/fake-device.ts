// Dexie looks for IndexedDB when it is loaded, and observes nothing without.
import 'fake-indexeddb/auto';
import { derivedId } from '@manara/kernel/id';
import { type LocalDb, openLocalDb } from '@manara/local-db/open-local-db';
import type { LocalSeams } from '@manara/local-db/seams';
import type { Actor } from '@manara/sync-core/actor';
import { defineTable, field, type TableDef } from '@manara/sync-core/define-table';
import { IDBFactory, IDBKeyRange } from 'fake-indexeddb';
import * as z from 'zod/mini';

export const SPACE = '00000000-0000-4000-8000-00000000000a';
export const CLIENT = 'aaaaaaaaaaaaaaaa';
export const ada: Actor = { kind: 'user', id: 'ada', name: 'Ada' };
export const id = (name: string | number): string => derivedId('test', name);

export const tasks = defineTable({
  name: 'tasks',
  fields: {
    title: field(z.string(), '', { text: true }),
    body: field(z.string(), '', { text: true, maxBytes: 524_288 }),
    done: field(z.boolean(), false),
    due: field(z.nullable(z.string()), null),
    position: field(z.string(), 'm'),
    list: field(z.nullable(z.string()), null),
    tags: field(z.json(), null),
  },
  indexes: ['done', 'due', ['list', 'position']],
});
export const facts = defineTable({
  name: 'facts',
  insertOnly: true,
  aiMayWrite: false,
  fields: { text: field(z.string(), '') },
});
export const claims = defineTable({
  name: 'claims',
  writeOnce: ['owner'],
  fields: { owner: field(z.string(), ''), note: field(z.string(), '') },
});
export const testTables: readonly TableDef[] = [tasks, facts, claims];

export interface FakeDevice {
  readonly seams: LocalSeams & { readonly indexedDB: IDBFactory };
  /** the wall clock, ms since 1970 */
  now: number;
  open(options?: {
    readonly name?: string;
    readonly tables?: readonly TableDef[];
    readonly kind?: 'guest' | 'account';
    readonly clientId?: string;
    readonly tools?: Parameters<typeof openLocalDb>[0]['tools'];
    readonly onFault?: Parameters<typeof openLocalDb>[0]['onFault'];
  }): Promise<LocalDb>;
}

/** A device with a disk of its own and a clock that stands still. */
export function fakeDevice(): FakeDevice {
  let drawn = 0;
  const device: FakeDevice = {
    now: 1_763_673_000_000,
    seams: {
      nowMs: () => device.now,
      newId: () => id(`drawn ${++drawn}`),
      newClientId: () => (0xb0 + ++drawn).toString(16).padStart(16, 'b'),
      random: () => 0.5,
      sleep: () => Promise.resolve(),
      indexedDB: new IDBFactory(),
      IDBKeyRange,
    },
    open: ({
      name = 'ada',
      tables = testTables,
      kind = 'account',
      clientId = CLIENT,
      tools = new Map(),
      onFault,
    } = {}) =>
      openLocalDb({
        name,
        tables,
        tools,
        origin: { kind, space: SPACE, clientId },
        seams: device.seams,
        ...(onFault ? { onFault } : {}),
      }),
  };
  return device;
}
