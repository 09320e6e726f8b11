import type { JsonValue } from '@manara/kernel/json';
import { tableByName } from '@manara/modules/registry';
import type { Cells } from '@manara/sync-core/record';
import { formatStamp } from '@manara/sync-core/stamp';
import { IngestSpace, INGEST_NOW_MS as NOW, INGEST_SPACE_ID as SPACE } from '@manara/testkit/ingest-space';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { planIngest } from './plan-ingest.ts';

const CLIENT = '9f3a1c7e5b2d4f60';
const _OTHER = 'aaaaaaaaaaaaaaaa';
const ID = '01936f2c-1a2b-7000-8000-000000000001';
const ID2 = '01936f2c-1a2b-7000-8000-000000000002';
const GROUP = '01936f2c-1a2b-7000-8000-0000000000aa';
const ada = { kind: 'user', id: 'user-1', name: 'Ada' };
const stamp = (offsetMs = 0, counter = 0, node = CLIENT) => formatStamp({ ms: NOW + offsetMs, counter, node });

const todo = (fields: Record<string, unknown>, more: Record<string, unknown> = {}) => ({
  space: SPACE,
  table: 'todos',
  id: ID,
  fields,
  actor: ada,
  ...more,
});
const _feedback = (fields: Record<string, unknown>, more: Record<string, unknown> = {}) =>
  todo(fields, { table: 'feedback', ...more });

it('property: whatever is pushed in whatever batches, the greatest stamp of each cell stands', () => {
  const cell = fc.record({
    id: fc.constantFrom(ID, ID2),
    field: fc.constantFrom('title', 'note'),
    value: fc.string({ maxLength: 3 }),
    at: fc.integer({ min: -5, max: 5 }),
    counter: fc.nat(2),
  });
  fc.assert(
    fc.property(fc.array(fc.array(cell, { maxLength: 6 }), { maxLength: 6 }), (batches) => {
      const space = new IngestSpace();
      const expected = new Map<string, { stamp: string; value: JsonValue }>();
      for (const batch of batches) {
        space.push(batch.map((op) => todo({ [op.field]: [op.value, stamp(op.at, op.counter)] }, { id: op.id })));
        for (const { id, field, value, at, counter } of batch) {
          const old = expected.get(`${id}.${field}`);
          const next = { stamp: stamp(at, counter), value };
          if (old === undefined || next.stamp > old.stamp) expected.set(`${id}.${field}`, next);
        }
      }
      for (const [key, { stamp, value }] of expected) {
        const [id = '', field = ''] = key.split('.');
        const cells: Cells = space.cells('todos', id);
        expect(cells[field]).toMatchObject({ stamp, value });
      }
    }),
  );
});

it('property: no input makes it throw, and every op has a verdict', () => {
  const anything = fc.oneof(
    fc.jsonValue(),
    fc.record(
      {
        space: fc.oneof(fc.constant(SPACE), fc.jsonValue()),
        table: fc.oneof(fc.constantFrom('todos', 'feedback', '__proto__'), fc.jsonValue()),
        id: fc.oneof(fc.constant(ID), fc.jsonValue()),
        group: fc.oneof(fc.constant(GROUP), fc.jsonValue()),
        fields: fc.oneof(fc.jsonValue(), fc.dictionary(fc.constantFrom('title', 'body', '__proto__'), fc.jsonValue())),
        deleted: fc.oneof(fc.jsonValue(), fc.constant([true, stamp()])),
        actor: fc.oneof(fc.constant(ada), fc.jsonValue()),
      },
      { requiredKeys: [] },
    ),
  );
  fc.assert(
    fc.property(fc.array(anything, { maxLength: 8 }), (ops) => {
      expect(new IngestSpace().push(ops).results).toHaveLength(ops.length);
    }),
  );
});

it('the worst batches do not hold the event loop for 50 ms', () => {
  const spaces = new Map([[SPACE, { role: 'owner' as const, seq: 0, horizon: 0, serverTimeMs: 0 }]]);
  const worst = [
    // as many cells as fit into 1 MiB
    Array.from({ length: 500 }, () => {
      const fields = ['title', 'note', 'done', 'doneAt', 'due', 'priority', 'listId', 'position'];
      return todo(Object.fromEntries(fields.map((field) => [field, [null, stamp(), stamp()]])));
    }),
    // a million keys would be 413; this many fit
    [todo(Object.fromEntries(Array.from({ length: 18_000 }, (_, index) => [`k${index}`, [0, stamp()]])))],
    // one value of 64 KiB after the other
    Array.from({ length: 15 }, (_, index) =>
      todo({ evidence: [Array(30_000).fill(0), stamp(index)] }, { table: 'milestones' }),
    ),
    Array.from({ length: 15 }, (_, index) =>
      todo({ evidence: [Array.from({ length: 9000 }, () => ({ a: 1 })), stamp(index)] }, { table: 'milestones' }),
    ),
  ];
  for (const ops of worst) {
    const plan = () =>
      planIngest({
        ops,
        writer: { kind: 'account', userId: 'user-1', client: CLIENT, mayRecover: false },
        spaces,
        stored: new Map(),
        tables: tableByName,
        wallMs: NOW,
        greatestStamp: '',
      });
    plan();
    // CPU time of this thread: what else the machine does is not of interest here.
    const times = Array.from({ length: 5 }, () => {
      const start = process.threadCpuUsage();
      plan();
      const used = process.threadCpuUsage(start);
      return (used.user + used.system) / 1000;
    });
    expect(Math.min(...times)).toBeLessThan(50);
  }
});
