import { getApp } from '@manara/local-db/svelte/app-context';
import { getSuggestions, type Suggestion } from '@manara/local-db/svelte/suggestions';
import { ghostCommands } from '@manara/ui/ghost/ghost-commands';
import { RowCursor } from '@manara/ui/row-cursor/row-cursor.svelte.ts';
import type { Command } from '@manara/ui/shortcuts/shortcuts.svelte.ts';
import type { ActionContext } from '../../action-context.ts';
import { createNote, deleteNote, editNote, restoreNote, setNotePinned } from '../actions.ts';
import { allNotes, noteById, noteTitle } from '../queries.ts';
import type { Note } from '../schema.ts';
import { type NoteEntry, noteEntries } from './notes-view.ts';

/** Lines that are drawn at once; the person asks for more. */
const LINES = 500;

/** What the page shows and what its keys and buttons do. Made in the page component's init. */
export class NotesPage {
  readonly #app = getApp();
  readonly #suggestions = getSuggestions();
  readonly #openId: () => string | null;
  readonly #go: (openId: string | null) => void;

  search = $state('');
  /** how many lines of the list are drawn */
  #lines = $state(LINES);
  searchBox = $state<HTMLInputElement>();
  /** made on this visit and not yet left: taken away again when left empty */
  readonly #fresh = new Set<string>();

  constructor(openId: () => string | null, go: (openId: string | null) => void) {
    this.#openId = openId;
    this.#go = go;
  }

  readonly #notes = this.#app.live(allNotes);
  /** the open one by its id: the list is longer to read, and may not have a new one yet */
  readonly #opened = $derived.by(() => {
    const id = this.#openId();
    return id === null ? null : this.#app.live((reader) => noteById(reader, id));
  });

  readonly status = $derived(this.#notes.status);
  readonly notes: readonly Note[] = $derived(this.#notes.current ?? []);
  readonly suggestions: readonly Suggestion[] = $derived(this.#suggestions.of('notes'));
  readonly openNote: Note | null = $derived.by(() => {
    const listed = this.notes.find((note) => note.id === this.#openId());
    if (listed) return listed;
    const stored = this.#opened?.current;
    return stored === undefined || stored.deleted ? null : stored;
  });
  /** the address names a note that is not here */
  readonly missing: boolean = $derived(
    this.#opened?.status === 'ready' && this.status !== 'loading' && this.openNote === null,
  );
  readonly openSuggestions = $derived(this.suggestions.filter(({ ghost }) => ghost.targetId === this.#openId()));
  readonly entries: readonly NoteEntry[] = $derived(noteEntries(this.notes, this.suggestions, this.search));
  /** there is nothing to list, suggestions included */
  readonly empty: boolean = $derived(this.status === 'ready' && this.search === '' && this.entries.length === 0);
  readonly shown: readonly NoteEntry[] = $derived(this.entries.slice(0, this.#lines));
  readonly cursor = new RowCursor(() => this.shown.map((entry) => entry.key));
  readonly approvable = $derived(
    this.suggestions.filter(({ asksAlone }) => asksAlone === null).map(({ stepId }) => stepId),
  );

  open(id: string | null): void {
    this.cursor.key = id ?? this.cursor.key;
    this.#go(id);
  }

  async add(): Promise<void> {
    const writes = createNote({}, this.#context());
    const id = writes[0]?.id;
    if (id === undefined || !(await this.#app.write(writes))) return;
    this.#fresh.add(id);
    this.search = '';
    this.open(id);
  }

  showMore(): void {
    this.#lines += LINES;
  }

  isFresh(id: string): boolean {
    return this.#fresh.has(id);
  }

  /** Called when an editor closes. */
  async leave(id: string): Promise<void> {
    if (!this.#fresh.delete(id)) return;
    const stored = await noteById(this.#app.reader, id);
    if (stored?.title === '' && stored.body === '') await this.#app.write(deleteNote(id));
  }

  /**
   * Saves text as it is typed.
   * @param basis what the person saw of the field before typing
   * @returns the text as it was stored
   */
  async saveText(id: string, field: 'title' | 'body', text: string, basis: string): Promise<string> {
    const stored = await noteById(this.#app.reader, id);
    if (stored === undefined || stored.deleted) return basis;
    const writes = editNote({ ...stored, [field]: basis }, { [field]: text });
    if (!(await this.#app.write(writes))) throw new Error('not stored');
    return String(writes[0]?.set?.[field] ?? basis);
  }

  async pin(note: Note): Promise<void> {
    await this.#app.write(setNotePinned(note.id, !note.pinned));
  }

  async remove(note: Note): Promise<void> {
    const stay = this.cursor.leave(note.id);
    const message = `Deleted “${noteTitle(note)}”`;
    if (!(await this.#app.writeWithUndo(deleteNote(note.id), message, restoreNote(note.id)))) stay();
    else if (this.#openId() === note.id) this.open(null);
  }

  approveAll(): void {
    void this.#suggestions.acceptAll(this.approvable);
  }
  accept(stepId: string): void {
    void this.#suggestions.accept([stepId]);
  }
  dismiss(stepId: string): void {
    void this.#suggestions.dismiss(stepId);
  }
  editSuggestion(stepId: string): void {
    this.#suggestions.edit(stepId);
  }
  review(stepId: string | null = null): void {
    this.#suggestions.review(stepId);
  }

  #context(): ActionContext {
    return { newId: this.#app.newId, nowMs: this.#app.nowMs(), today: this.#app.today() };
  }

  commands(): readonly Command[] {
    const entry = this.entries.find((candidate) => candidate.key === this.cursor.key);
    const open = this.cursor.inPane ? this.openNote : null;
    const note = open ?? (entry?.kind === 'note' ? entry.note : undefined);
    const ghost = open === null && entry?.kind === 'ghost' ? entry.suggestion : undefined;
    const group = 'Notes';
    return [
      { id: 'notes.new', keys: 'n', label: 'New note', group, run: () => void this.add() },
      { id: 'notes.search', keys: '/', label: 'Search notes', group, run: () => this.searchBox?.focus() },
      { id: 'notes.next', keys: 'j', label: 'Next note', group, run: () => this.cursor.move(1) },
      { id: 'notes.previous', keys: 'k', label: 'Previous note', group, run: () => this.cursor.move(-1) },
      {
        id: 'notes.approve-all',
        keys: 'A',
        label: 'Approve suggestions here',
        group,
        when: this.approvable.length > 0,
        run: () => this.approveAll(),
      },
      ...(note ? this.#noteCommands(note) : []),
      ...(ghost ? this.#ghostCommands(ghost) : []),
    ];
  }

  #noteCommands(note: Note): readonly Command[] {
    const group = 'Notes';
    return [
      { id: 'notes.open', keys: 'Enter', label: 'Open note', group, run: () => this.open(note.id) },
      {
        id: 'notes.pin',
        keys: '.',
        label: note.pinned ? 'Unpin note' : 'Pin note',
        group,
        run: () => void this.pin(note),
      },
      { id: 'notes.delete', keys: 'Delete', label: 'Delete note', group, run: () => void this.remove(note) },
      {
        id: 'notes.delete-key',
        keys: 'Backspace',
        label: 'Delete note',
        group,
        hidden: true,
        run: () => void this.remove(note),
      },
    ];
  }

  #ghostCommands({ stepId, editable }: Suggestion): readonly Command[] {
    return ghostCommands({
      accept: () => this.accept(stepId),
      edit: editable === false ? undefined : () => this.editSuggestion(stepId),
      dismiss: () => this.dismiss(stepId),
      review: () => this.review(stepId),
    });
  }
}
