import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Actor } from './actor.ts';
import {
  append,
  BATCH_BYTES,
  batchOps,
  batchRemedy,
  EMPTY_OUTBOX,
  freeze,
  GROUP_BYTES_MAX,
  groupFault,
  judgeReply,
  type OpVerdict,
  type OutboxState,
  opsBytes,
  PUSH_OPS_MAX,
  settle,
  takeBatch,
  thaw,
} from './outbox.ts';
import { formatStamp } from './stamp.ts';
import type { Op, WireCell } from './wire-op.ts';

const SPACE = '00000000-0000-4000-8000-000000000001';
const NODE = '9f3a1c7e5b2d4f60';
const ACTORS: Actor[] = [
  { kind: 'user', id: 'u', name: 'Ada' },
  { kind: 'ai', id: 'm', name: 'Plan my day', stepId: 's' },
];
const stampAt = (ms: number): string => formatStamp({ ms, counter: 0, node: NODE });

/** What a simulated person does; the stamps come from the model so that they rise as a real clock's do. */
type Action =
  | {
      readonly kind: 'write';
      readonly ops: readonly { id: number; fields: readonly string[]; remove: boolean; actor: number }[];
    }
  | { readonly kind: 'freeze' }
  | { readonly kind: 'thaw' }
  | {
      readonly kind: 'settle';
      readonly verdicts: readonly ('ok' | 'taken' | 'bad_actor')[];
      readonly restamp: boolean;
    };

const opShape = fc.record({
  id: fc.integer({ min: 0, max: 3 }),
  fields: fc.uniqueArray(fc.constantFrom('title', 'note', 'done'), { minLength: 1, maxLength: 2 }),
  remove: fc.boolean(),
  actor: fc.integer({ min: 0, max: 1 }),
});
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.array(opShape, { minLength: 1, maxLength: 3 }).map((ops) => ({ kind: 'write' as const, ops })),
  },
  { weight: 2, arbitrary: fc.constant({ kind: 'freeze' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'thaw' as const }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('settle' as const),
      verdicts: fc.array(fc.constantFrom('ok', 'taken', 'bad_actor'), { minLength: 12, maxLength: 12 }),
      restamp: fc.boolean(),
    }),
  },
);

interface Model {
  readonly written: Map<string, { readonly key: string; readonly stamp: string }>;
  clock: number;
}

/** Builds ops with fresh stamps, one per op, as the write door does; the value of a cell is its stamp. */
function stamped(action: Extract<Action, { kind: 'write' }>, model: Model, group: string): Op[] {
  return action.ops.map((shape) => {
    const stamp = stampAt(++model.clock);
    const fields: Record<string, WireCell> = {};
    for (const name of shape.fields) {
      fields[name] = [stamp, stamp, model.written.get(`${shape.id}|${name}`)?.stamp ?? 'none'];
      model.written.set(`${shape.id}|${name}`, { key: `${shape.id}|${name}`, stamp });
    }
    const op: Op = {
      space: SPACE,
      table: 'todos',
      id: String(shape.id),
      fields,
      ...(shape.remove ? { deleted: [true, stamp] as const } : {}),
      actor: ACTORS[shape.actor] ?? (ACTORS[0] as Actor),
    };
    return action.ops.length > 1 ? { ...op, group } : op;
  });
}

const cellsOf = (ops: readonly Op[]): string[] =>
  ops.flatMap((op) => [
    ...Object.entries(op.fields ?? {}).map(([name, cell]) => `${op.id}|${name}|${cell[0]}`),
    ...(op.deleted ? [`${op.id}|$deleted|${op.deleted[1]}`] : []),
  ]);

/** A group is judged as the server judges: one bad op refuses all. */
function verdictsOf(state: OutboxState, wanted: readonly string[]): OpVerdict[] {
  let at = 0;
  return (state.frozen?.entries ?? []).flatMap((entry) => {
    const codes = entry.ops.map(() => wanted[at++ % wanted.length] ?? 'ok');
    const refused = codes.some((code) => code !== 'ok');
    return codes.map((code): OpVerdict => {
      if (!refused) return { status: 'ok' };
      return { status: 'rejected', code: code === 'ok' ? 'group_refused' : code, message: 'no' };
    });
  });
}

describe('outbox', () => {
  it('O1 nothing lost', () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 25 }), (actions) => {
        const model: Model = { written: new Map(), clock: 0 };
        let state = EMPTY_OUTBOX;
        const wrote: string[] = [];
        const settled = new Set<string>();
        let group = 0;
        for (const item of actions) {
          if (item.kind === 'write') {
            const ops = stamped(item, model, `g${++group}`);
            wrote.push(...cellsOf(ops));
            state = append(state, ops);
          } else if (item.kind === 'freeze') state = freeze(state);
          else if (item.kind === 'thaw') state = thaw(state);
          else if (state.frozen) {
            for (const cell of cellsOf(batchOps(state.frozen))) settled.add(cell);
            state = settle(state, verdictsOf(state, item.verdicts)).state;
          }
        }
        const held = [...state.entries, ...(state.frozen?.entries ?? [])].flatMap((entry) => cellsOf(entry.ops));
        const known = new Set([...settled, ...held]);
        for (const cell of wrote) {
          const [id, name, stamp] = cell.split('|') as [string, string, string];
          const later = [...known].some(
            (other) => other.startsWith(`${id}|${name}|`) && (other.split('|')[2] ?? '') > stamp,
          );
          expect(known.has(cell) || later, cell).toBe(true);
        }
        expect(new Set(state.entries.map((entry) => entry.n)).size).toBe(state.entries.length);
      }),
    );
  });

  it('O2 coalescing keeps the last value', () => {
    fc.assert(
      fc.property(fc.array(opShape, { minLength: 1, maxLength: 12 }), (shapes) => {
        const model: Model = { written: new Map(), clock: 0 };
        let state = EMPTY_OUTBOX;
        for (const shape of shapes)
          state = append(state, stamped({ kind: 'write', ops: [{ ...shape, remove: false }] }, model, ''));
        const last = new Map<string, WireCell>();
        for (const entry of state.entries) {
          for (const op of entry.ops) {
            for (const [name, cell] of Object.entries(op.fields ?? {})) {
              const key = `${op.id}|${name}`;
              // what a cell replaced is what the queue before it left behind, or what was there before the queue
              expect(cell[2]).toBe(last.get(key)?.[1] ?? 'none');
              last.set(key, cell);
            }
          }
        }
        for (const [key, { stamp }] of model.written) expect(last.get(key)?.[1]).toBe(stamp);
      }),
    );
  });

  it('O3 a batch never changes once frozen', () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 25 }), (actions) => {
        const model: Model = { written: new Map(), clock: 0 };
        let state = EMPTY_OUTBOX;
        let frozen = '';
        for (const item of actions) {
          if (item.kind === 'write') state = append(state, stamped(item, model, 'g'));
          else if (item.kind === 'freeze') state = freeze(state);
          else if (item.kind === 'settle') {
            const seq = state.frozen?.seq;
            state = settle(state, verdictsOf(state, item.verdicts)).state;
            if (seq !== undefined) expect(state.acked).toBe(seq);
            frozen = '';
          }
          if (state.frozen === null) continue;
          if (frozen !== '') expect(JSON.stringify(state.frozen)).toBe(frozen);
          frozen = JSON.stringify(state.frozen);
          expect(state.frozen.seq).toBe(state.acked + 1);
        }
      }),
    );
  });

  it('O4 groups are never split over batches', () => {
    const size = fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 200, max: PUSH_OPS_MAX }));
    const entry = fc.record({ ops: size, text: fc.oneof(fc.constant(5), fc.constant(400)) });
    fc.assert(
      fc.property(fc.array(entry, { minLength: 1, maxLength: 8 }), (shapes) => {
        let state = EMPTY_OUTBOX;
        shapes.forEach((shape, n) => {
          const ops = Array.from(
            { length: shape.ops },
            (_, at): Op => ({
              space: SPACE,
              table: 'notes',
              id: `${n}-${at}`,
              group: `g${n}`,
              fields: { body: ['é'.repeat(shape.text), stampAt(n * 1000 + at + 1)] },
              actor: ACTORS[0] as Actor,
            }),
          );
          state = append(state, ops);
        });
        const seen: string[] = [];
        let batches = 0;
        while (state.entries.length > 0) {
          state = freeze(state);
          const ops = state.frozen ? batchOps(state.frozen) : [];
          expect(ops.length).toBeGreaterThan(0);
          expect(ops.length).toBeLessThanOrEqual(PUSH_OPS_MAX);
          expect(new TextEncoder().encode(JSON.stringify(ops)).length).toBe(opsBytes(ops));
          if ((state.frozen?.entries.length ?? 0) > 1) expect(opsBytes(ops)).toBeLessThanOrEqual(BATCH_BYTES);
          for (const group of new Set(ops.map((op) => op.group ?? ''))) {
            expect(seen).not.toContain(group);
            seen.push(group);
            expect(ops.filter((op) => op.group === group).length).toBe(shapes[Number(group.slice(1))]?.ops);
          }
          state = settle(
            state,
            ops.map(() => ({ status: 'ok' as const })),
          ).state;
          batches++;
        }
        expect(state.acked).toBe(batches);
      }),
      { numRuns: 30 },
    );
  });

  it('takes nothing from an empty queue and freezes one batch at a time', () => {
    expect(takeBatch([])).toEqual([]);
    expect(freeze(EMPTY_OUTBOX)).toBe(EMPTY_OUTBOX);
  });

  const op = (id: string, extra: Partial<Op> = {}): Op => ({
    space: SPACE,
    table: 'todos',
    id,
    fields: { title: ['x', stampAt(5), stampAt(1)] },
    actor: ACTORS[0] as Actor,
    ...extra,
  });

  it('drops a group that another device had done already, and repairs its cells', () => {
    const entries = [{ n: 1, ops: [op('a', { group: 'g' }), op('b', { group: 'g' })] }];
    const { refused, repairs } = judgeReply({ seq: 1, entries }, [
      { status: 'rejected', code: 'group_refused', message: '' },
      { status: 'rejected', code: 'taken', message: '' },
    ]);
    expect(refused).toEqual([]);
    expect(repairs.map((repair) => repair.id)).toEqual(['a', 'b']);
    expect(repairs[0]?.fields).toEqual({ title: stampAt(5) });
  });

  it('quarantines a refused group with the reason of each op and lets the rest flow', () => {
    const entries = [
      { n: 1, ops: [op('a')] },
      { n: 2, ops: [op('b', { group: 'g' }), op('c', { group: 'g' })] },
    ];
    const { refused } = judgeReply({ seq: 1, entries }, [
      { status: 'ok' },
      { status: 'rejected', code: 'unknown_field', message: 'no such field' },
      { status: 'rejected', code: 'group_refused', message: '' },
    ]);
    expect(refused.map((item) => [item.n, item.verdicts.map((verdict) => verdict.code)])).toEqual([
      [2, ['unknown_field', 'group_refused']],
    ]);
  });

  it('rewrites waiting stamps and replaced stamps as the server did', () => {
    let state = freeze(append(EMPTY_OUTBOX, [op('a')]));
    state = append(state, [op('a', { fields: { title: ['y', stampAt(6), stampAt(5)] } })]);
    const next = settle(state, [{ status: 'ok' }], { [stampAt(5)]: stampAt(2) });
    expect(next.state.entries[0]?.ops[0]?.fields).toEqual({ title: ['y', stampAt(6), stampAt(2)] });
    expect(next.state.frozen).toBeNull();
  });

  it('says when a local transaction is too large for one group', () => {
    expect(groupFault([op('a')])).toBeNull();
    expect(groupFault(Array.from({ length: PUSH_OPS_MAX + 1 }, (_, n) => op(String(n))))).toContain('501 changes');
    expect(groupFault([op('a', { fields: { body: ['x'.repeat(GROUP_BYTES_MAX), stampAt(1)] } })])).toContain('bytes');
  });

  it('never coalesces into a recovery entry, and sends those alone', () => {
    const recovery = { n: 0, ops: [op('a')], recovery: true as const };
    const state = append({ ...EMPTY_OUTBOX, entries: [recovery] }, [op('a', { fields: { title: ['z', stampAt(9)] } })]);
    expect(state.entries.length).toBe(2);
    const frozen = freeze(state).frozen;
    expect(frozen?.recovery).toBe(true);
    expect(frozen?.entries.length).toBe(1);
  });

  it.each([
    ['batch_gap', 'recover'],
    ['epoch_changed', 'recover'],
    ['batch_stale', 'renode'],
    ['batch_reused', 'renode'],
    ['too_large', 'isolate'],
    ['too_deep', 'isolate'],
    ['invalid_request', null],
    ['unauthenticated', null],
    ['unavailable', null],
  ])('%s means %s', (code, remedy) => expect(batchRemedy(code)).toBe(remedy));
});
