import { derivedId } from '@manara/kernel/id';
import type { Actor } from '@manara/sync-core/actor';
import type { LostText } from '@manara/sync-core/apply';
import { type Stamp, stampNode } from '@manara/sync-core/stamp';
import type { Table } from 'dexie';

/** A person's text that lost to another's: kept on this device until it is dismissed. */
export interface Notice {
  readonly id: string;
  readonly table: string;
  readonly recordId: string;
  readonly field: string;
  /** the text that lost */
  readonly text: string;
  readonly stamp: Stamp;
  /** who wrote it */
  readonly actor: Actor | null;
  /** whose text stands */
  readonly stands: 'mine' | 'theirs';
  /** when it was noticed, ms since 1970 */
  readonly at: number;
}

/** Derived from what was lost: the same loss is noticed once, however often it comes by. */
export const noticeId = (table: string, recordId: string, field: string, stamp: Stamp): string =>
  derivedId('notice', table, recordId, field, stamp);

export function noticeOf(table: string, recordId: string, lost: LostText, at: number): Notice {
  return {
    id: noticeId(table, recordId, lost.field, lost.stamp),
    table,
    recordId,
    field: lost.field,
    text: lost.text,
    stamp: lost.stamp,
    actor: lost.actor ?? null,
    stands: lost.stands,
    at,
  };
}

/**
 * Keeps a text that was replaced while it came in. Where two people type in one field at once, every pause brings another
 * version of the same text: the last of a device stands for those before it, which that device has replaced itself.
 */
export async function keepUnseen(notices: Table<Notice, string>, notice: Notice): Promise<void> {
  const { table, recordId, field, stamp } = notice;
  const node = stampNode(stamp);
  await notices
    .filter(
      (other) =>
        other.table === table &&
        other.recordId === recordId &&
        other.field === field &&
        other.stands === 'mine' &&
        stampNode(other.stamp) === node,
    )
    .delete();
  await notices.put(notice);
}
