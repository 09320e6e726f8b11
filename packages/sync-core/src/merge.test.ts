import { canonicalJson } from '@manara/kernel/canonical-json';
import type { JsonValue } from '@manara/kernel/json';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mergeCells, wins } from './merge.ts';
import { type Cell, type Cells, DELETED, isDeleted } from './record.ts';
import { formatStamp } from './stamp.ts';

const NODES = ['1111111111111111', '2222222222222222'];
/** Few readings and values, so that equal stamps with other values are common. */
const stamp = fc
  .record({
    ms: fc.integer({ min: 0, max: 3 }),
    counter: fc.integer({ min: 0, max: 1 }),
    node: fc.constantFrom(...NODES),
  })
  .map(formatStamp);
const value = fc.oneof(
  fc.constantFrom<JsonValue>('a', 'b', 'é', '𝄞', '\ufb01', null, 1, true),
  fc.jsonValue(),
) as fc.Arbitrary<JsonValue>;
const cell: fc.Arbitrary<Cell> = fc.record({ value, stamp });
const deletedCell: fc.Arbitrary<Cell> = fc.record({ value: fc.boolean(), stamp });
const fieldName = fc.constantFrom('title', 'done', 'newerField', 'constructor', '__proto__');
const cells: fc.Arbitrary<Cells> = fc
  .tuple(fc.array(fc.tuple(fieldName, cell), { maxLength: 5 }), fc.option(deletedCell, { nil: undefined }))
  .map(([entries, deleted]) => {
    const record: Record<string, Cell> = Object.create(null);
    for (const [name, item] of entries) record[name] = item;
    if (deleted) record[DELETED] = deleted;
    return record;
  });

const plain = (record: Cells): unknown =>
  Object.entries(record)
    .map(([name, item]) => [name, item.stamp, canonicalJson(item.value)])
    .sort();
const merged = (a: Cells, b: Cells): Cells => mergeCells(a, b, 'copies').cells;

describe('merge', () => {
  it('M1 commutative', () => {
    fc.assert(
      fc.property(cells, cells, (a, b) => {
        expect(plain(merged(a, b))).toEqual(plain(merged(b, a)));
      }),
    );
  });
  it('M2 associative', () => {
    fc.assert(
      fc.property(cells, cells, cells, (a, b, c) => {
        expect(plain(merged(merged(a, b), c))).toEqual(plain(merged(a, merged(b, c))));
      }),
    );
  });
  it('M3 idempotent', () => {
    fc.assert(
      fc.property(cells, cells, (a, b) => {
        expect(plain(merged(a, a))).toEqual(plain(a));
        const once = merged(a, b);
        expect(plain(merged(once, b))).toEqual(plain(once));
        expect(mergeCells(a, a, 'stored').lost).toEqual([]);
      }),
    );
  });
  it('M4 total order', () => {
    fc.assert(
      fc.property(cell, cell, (a, b) => {
        const same = a.stamp === b.stamp && canonicalJson(a.value) === canonicalJson(b.value);
        fc.pre(!same);
        expect(wins(a, b, 'copies')).not.toBe(wins(b, a, 'copies'));
        if (a.stamp !== b.stamp) {
          for (const tie of ['copies', 'stored', 'incoming'] as const) expect(wins(a, b, tie)).toBe(b.stamp > a.stamp);
        } else {
          expect(wins(a, b, 'stored')).toBe(false);
          expect(wins(a, b, 'incoming')).toBe(true);
        }
      }),
    );
  });
  it('M5 tombstone rules', () => {
    fc.assert(
      fc.property(cells, cells, (a, b) => {
        const result = merged(a, b);
        // every field stays, and only the greatest $deleted decides
        expect(new Set(Object.keys(result))).toEqual(new Set([...Object.keys(a), ...Object.keys(b)]));
        const { [DELETED]: _, ...fieldsOnly } = b;
        expect(isDeleted(merged(a, fieldsOnly))).toBe(isDeleted(a));
        const revive: Cell = { value: false, stamp: 'ffffffffffff-0000-1111111111111111' };
        expect(isDeleted(merged(a, { [DELETED]: revive }))).toBe(false);
        expect(isDeleted(merged(a, { [DELETED]: { ...revive, value: true } }))).toBe(true);
      }),
    );
  });
  it('M6 unknown fields survive', () => {
    fc.assert(
      fc.property(cells, cells, cell, (a, b, unknown) => {
        const result = merged({ ...a, fieldOfTomorrow: unknown }, b);
        expect(result.fieldOfTomorrow).toEqual(unknown);
      }),
    );
  });
  it('wall-clock ties diverge: two devices that wrote at one reading agree, whichever order they merge in', () => {
    const at = '01936f2c1a2b-0000-9f3a1c7e5b2d4f60';
    const a = { title: { value: 'left', stamp: at } };
    const b = { title: { value: 'right', stamp: at } };
    expect(merged(a, b).title?.value).toBe('right');
    expect(merged(b, a).title?.value).toBe('right');
  });
});
