import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { advance, type Cursor, START } from './cursor.ts';

const page = fc.record({
  head: fc.integer({ min: 0, max: 50 }),
  cursor: fc.integer({ min: 0, max: 50 }),
  more: fc.boolean(),
  reset: fc.boolean(),
  horizon: fc.constant(0),
});

describe('cursor', () => {
  it('P1 a cursor only rises, except to the start when the server says reset or has another epoch', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(page, fc.boolean()), { maxLength: 20 }), (pages) => {
        let cursor = START;
        for (const [mark, newEpoch] of pages) {
          const next = advance(cursor, mark, newEpoch);
          if (mark.cursor > mark.head) expect(next.ok).toBe(false);
          if (!next.ok) continue;
          if (next.value.cursor.at < cursor.at) expect(mark.reset || newEpoch).toBe(true);
          expect(next.value.cursor.at).toBe(mark.cursor);
          cursor = next.value.cursor;
        }
      }),
    );
  });
  it('P2 a finished reset or recovery leaves nothing of its kind behind', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(page, fc.boolean()), { maxLength: 20 }), (pages) => {
        let cursor: Cursor = START;
        let open: string | null = null;
        for (const [mark, newEpoch] of pages) {
          const next = advance(cursor, mark, newEpoch);
          if (!next.ok) continue;
          open = next.value.begins ?? open;
          if (next.value.ends) {
            expect(next.value.ends).toBe(open);
            open = null;
          }
          cursor = next.value.cursor;
          expect(cursor.mode === 'follow').toBe(open === null);
          if (!mark.more) expect(cursor).toMatchObject({ mode: 'follow', complete: true });
        }
      }),
    );
  });
});
