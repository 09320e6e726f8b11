import { createContext } from 'svelte';
import type { Notice } from '../notices.ts';

/** A notice as the person sees it. */
export interface ShownNotice extends Notice {
  /** the person wrote the text that lost, here or on another device */
  readonly own: boolean;
}

/** Texts that lost a conflict, for the editor of the record that they belong to. The session puts it in place. */
export interface Notices {
  /** Of one record, the latest first. Read it in markup or `$derived`. */
  of(table: string, recordId: string): readonly ShownNotice[];
  /** The person has seen it: the lost text goes. */
  dismiss(notice: Notice): Promise<void>;
  /** Puts the lost text back into its field; the text that stood is lost then, so this offers Undo. */
  restore(notice: Notice): Promise<void>;
}

export const [getNotices, setNotices] = createContext<Notices>();
