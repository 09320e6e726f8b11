import { err, ok, type Result } from '@manara/kernel/result';

/**
 * How far a client has read a space. Sequence numbers are handed out in commit order, so a cursor never skips a record.
 *
 * Invariants, each a property test of the same name in cursor.test.ts:
 * - P1 a cursor only rises, except to the start when the server says reset or has another epoch
 * - P2 a finished reset or recovery leaves nothing of its kind behind
 */
export interface Cursor {
  /** the last sequence number that was applied */
  readonly at: number;
  /** the server's head when it was last asked */
  readonly head: number;
  /** tombstones at or below are forgotten */
  readonly horizon: number;
  /**
   * `follow`: the copy is the server's plus local writes. `reset`: a page at a time the copy is being replaced.
   * `recover`: the server was restored; its state is being merged before what it lacks is sent.
   */
  readonly mode: 'follow' | 'reset' | 'recover';
  /** whether every record up to some head has been seen once */
  readonly complete: boolean;
}

export const START: Cursor = { at: 0, head: 0, horizon: 0, mode: 'follow', complete: false };

/** The part of a pull reply that moves a cursor. */
export interface PageMark {
  readonly head: number;
  readonly cursor: number;
  readonly more: boolean;
  readonly reset: boolean;
  readonly horizon: number;
}

export interface Advance {
  readonly cursor: Cursor;
  /** this page is the first of a reset or a recovery: forget what an unfinished one had marked */
  readonly begins: 'reset' | 'recover' | null;
  /** this page is the last of one */
  readonly ends: 'reset' | 'recover' | null;
}

/**
 * The cursor after a page. `restored`: the page is of another epoch than what this copy has read or had acknowledged. An
 * error names what no right server sends; the page must then not be applied.
 */
export function advance(cursor: Cursor, page: PageMark, restored = false): Result<Advance, string> {
  const begins = restored ? 'recover' : page.reset ? 'reset' : null;
  const from = begins === null ? cursor.at : 0;
  if (page.cursor < from) return err(`the cursor went back from ${from} to ${page.cursor}`);
  if (page.cursor > page.head) return err(`the cursor ${page.cursor} is past the head ${page.head}`);
  const mode = begins ?? cursor.mode;
  return ok({
    cursor: {
      at: page.cursor,
      head: page.head,
      horizon: page.horizon,
      mode: page.more ? mode : 'follow',
      complete: page.more ? (begins === null ? cursor.complete : false) : true,
    },
    begins,
    ends: !page.more && mode !== 'follow' ? mode : null,
  });
}
