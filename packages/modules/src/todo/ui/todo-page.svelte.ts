import { getApp } from '@manara/local-db/svelte/app-context';
import { getSuggestions, type Suggestion } from '@manara/local-db/svelte/suggestions';
import { countWords } from '@manara/ui/count/count-words';
import { ghostCommands } from '@manara/ui/ghost/ghost-commands';
import { RowCursor } from '@manara/ui/row-cursor/row-cursor.svelte.ts';
import type { Command } from '@manara/ui/shortcuts/shortcuts.svelte.ts';
import { tick } from 'svelte';
import type { Attachment } from 'svelte/attachments';
import { on } from 'svelte/events';
import type { ActionContext } from '../../action-context.ts';
import { createTodo, deleteTodo, editTodo, moveTodo, restoreTodo, setTodoDone, type TodoEdit } from '../actions.ts';
import { allTodos, listsInOrder, olderDoneCount, searchTodos, todoById } from '../queries.ts';
import type { Todo, TodoList } from '../schema.ts';
import { type Entry, neighboursAfterMove, type Section, sectionsOf } from './todo-view.ts';

/** Where the page is, as its address says it. */
export interface TodoPlace {
  /** null: all lists */
  readonly listId: string | null;
  /** the todo whose detail is open */
  readonly openId: string | null;
}

/** Goes to a place. `replace`: in the history it takes the place of where the page is. */
export type GoToPlace = (place: TodoPlace, replace: boolean) => void;

/** What the page shows and what its keys and buttons do. Made in the page component's init. */
export class TodoPage {
  readonly #app = getApp();
  readonly #suggestions = getSuggestions();
  readonly #place: () => TodoPlace;
  readonly #adding: () => boolean;
  readonly #go: GoToPlace;

  search = $state('');
  previewing = $state(false);
  doneShown = $state(false);
  /** the todo whose title is being edited in its row */
  editingId = $state<string | null>(null);
  quickAdd = $state<HTMLInputElement>();
  searchBox = $state<HTMLInputElement>();

  #refusals = $state(0);
  /** the todo that was opened from the list here: the list is one step back in the history */
  #pushed: string | null = null;
  /** the todo whose detail takes the focus when it is there */
  #entering: string | null = null;
  #detail: HTMLElement | undefined;

  /** @param adding whether the address asks for a new todo: nobody goes back to that */
  constructor(place: () => TodoPlace, adding: () => boolean, go: GoToPlace) {
    this.#place = place;
    this.#adding = adding;
    this.#go = go;
    let shownId: string | null = null;
    $effect.pre(() => {
      const { openId } = place();
      const isNew = openId !== shownId;
      shownId = openId;
      if (!isNew || openId === null || openId === this.#entering) return;
      // By a link, the command palette or the browser's history: it has the focus, and its line is in view.
      this.#entering = openId;
      this.cursor.goTo(openId);
    });
    let before: string | null = null;
    $effect(() => {
      const { openId } = place();
      if (before !== null && openId === null) {
        this.cursor.key ??= before;
        this.cursor.recover();
      }
      before = openId;
    });
  }

  readonly #todos = this.#app.live(allTodos);
  readonly #lists = this.#app.live(listsInOrder);
  readonly #olderDone = this.#app.live(olderDoneCount);
  /** the open one by its id: it may be done long ago and in no list */
  readonly #opened = $derived.by(() => {
    const { openId } = this.#place();
    return openId === null ? null : this.#app.live((reader) => todoById(reader, openId));
  });
  /** what a search finds among those that the page does not load */
  readonly #found = $derived.by(() => {
    const { search } = this;
    return search === '' || this.olderDone === 0 ? null : this.#app.live((reader) => searchTodos(reader, search));
  });

  readonly today = $derived(this.#app.today());
  readonly status = $derived(this.#todos.status);
  readonly lists: readonly TodoList[] = $derived(this.#lists.current ?? []);
  readonly todos: readonly Todo[] = $derived(this.#todos.current ?? []);
  readonly suggestions: readonly Suggestion[] = $derived(this.#suggestions.of('todo'));
  readonly list = $derived(this.lists.find((list) => list.id === this.#place().listId) ?? null);
  /** how many done todos are too old to be listed */
  readonly olderDone: number = $derived(this.#olderDone.current ?? 0);
  readonly openTodo: Todo | null = $derived.by(() => {
    const listed = this.todos.find((todo) => todo.id === this.#place().openId);
    if (listed) return listed;
    const stored = this.#opened?.current;
    return stored === undefined || stored.deleted ? null : stored;
  });
  readonly inList = $derived(
    this.list === null ? this.todos : this.todos.filter((todo) => todo.listId === this.list?.id),
  );

  /** what holds the words of the search is all on show */
  readonly searched: boolean = $derived(this.status === 'ready' && (this.#found?.status ?? 'ready') === 'ready');
  readonly sections: readonly Section[] = $derived.by(() => {
    const filter = { listId: this.list?.id ?? null, search: this.search };
    return sectionsOf(this.#found?.current ?? this.todos, this.suggestions, filter, this.today, this.previewing);
  });
  /** Sections whose lines are on show: the done ones are folded away until asked for. */
  readonly shown = $derived(
    this.sections.filter((section) => section.id !== 'done' || this.doneShown || this.search !== ''),
  );
  readonly #entries = $derived(this.shown.flatMap((section) => section.entries));
  readonly cursor = new RowCursor(() => this.#entries.map((entry) => entry.key));
  readonly #current = $derived(this.#entries.find((entry) => entry.key === this.cursor.key));
  readonly approvable = $derived(
    this.suggestions.filter(({ asksAlone }) => asksAlone === null).map(({ stepId }) => stepId),
  );

  /** Only opening the first one adds a step to the history: the next takes its place, and closing goes back. */
  open(id: string | null): void {
    const { listId, openId } = this.#place();
    if (id !== null) this.cursor.key = id;
    if (id !== null && id === openId) this.#detail?.focus();
    else if (id === null && this.#pushed !== null && this.#pushed === openId) {
      this.#pushed = null;
      history.back();
    } else {
      const replace = openId !== null || this.#adding();
      this.#entering = id;
      this.#pushed = replace ? null : id;
      this.#go({ listId, openId: id }, replace);
    }
  }

  showList(listId: string | null): void {
    this.#go({ listId, openId: null }, this.#adding());
  }

  /** For the detail of a todo: it takes the focus when it was opened here, and Escape leaves it from any of its fields. */
  detail(id: string): Attachment<HTMLElement> {
    return (element) => {
      this.#detail = element;
      const off = on(element, 'keydown', (event) => {
        if (event.key !== 'Escape' || event.isComposing || event.defaultPrevented) return;
        event.preventDefault();
        this.open(null);
      });
      if (this.#entering === id) element.focus();
      this.#entering = null;
      return () => {
        off();
        if (this.#detail === element) this.#detail = undefined;
      };
    };
  }

  /** @returns whether it was stored */
  async add(title: string, due: string | null): Promise<boolean> {
    const writes = createTodo({ title, due, listId: this.list?.id ?? null, siblings: this.todos }, this.context());
    if (!(await this.#app.write(writes))) return false;
    this.cursor.key = writes[0]?.id ?? null;
    return true;
  }

  /**
   * Adds several todos in their order, as one step that can be taken back.
   * @returns whether they were stored
   */
  async addAll(titles: readonly string[]): Promise<boolean> {
    const listId = this.list?.id ?? null;
    const siblings: { readonly position: string }[] = [...this.todos];
    const writes = titles.flatMap((title) => {
      const created = createTodo({ title, listId, siblings }, this.context());
      siblings.push(...created.map(({ set }) => ({ position: String(set?.['position']) })));
      return created;
    });
    const undo = writes.flatMap(({ id }) => deleteTodo(id));
    const message = `Added ${countWords(writes.length, 'todo')}`;
    if (!(await this.#app.writeWithUndo(writes, message, undo))) return false;
    this.cursor.key = writes[0]?.id ?? null;
    return true;
  }

  /** @returns whether it was stored */
  async edit(todo: Todo, edit: TodoEdit): Promise<boolean> {
    const stored = await this.#app.write(editTodo(todo, edit));
    if (!stored) this.#refusals += 1;
    return stored;
  }

  /** A stored value for a control, which is told it again when a write was refused: it shows what was chosen by then. */
  asStored<T>(value: T): T {
    void this.#refusals;
    return value;
  }

  /**
   * Saves text as it is typed.
   * @param basis what the person saw of the field before typing
   * @returns the text as it was stored
   */
  async saveText(id: string, field: 'title' | 'note', text: string, basis: string): Promise<string> {
    const stored = await todoById(this.#app.reader, id);
    if (stored === undefined || stored.deleted) return basis;
    const writes = editTodo({ ...stored, [field]: basis }, { [field]: text });
    if (!(await this.#app.write(writes))) throw new Error('not stored');
    return String(writes[0]?.set?.[field] ?? basis);
  }

  /** The moment, for actions. */
  context(): ActionContext {
    return { newId: this.#app.newId, nowMs: this.#app.nowMs(), today: this.today };
  }

  async toggle(todo: Todo): Promise<void> {
    // It leaves its place, and whoever goes through the list goes on there.
    const stay = this.cursor.inPane ? undefined : this.cursor.leave(todo.id);
    const write = (done: boolean) => setTodoDone(todo.id, done, this.context());
    const stored = todo.done
      ? await this.#app.write(write(false))
      : // It may be in the folded section then: a slip of the hand is taken back here.
        await this.#app.writeWithUndo(write(true), `Done: ${todo.title}`, write(false));
    if (stored) return;
    stay?.();
    this.#refusals += 1;
  }

  async remove(todo: Todo): Promise<void> {
    const stay = this.cursor.leave(todo.id);
    // Before the line goes: a sheet that closes gives the focus back to it.
    if (this.#place().openId === todo.id) this.open(null);
    const message = `Deleted “${todo.title}”`;
    if (!(await this.#app.writeWithUndo(deleteTodo(todo.id), message, restoreTodo(todo.id)))) stay();
  }

  /**
   * Ends the edit of a title in its row. An empty title keeps the old one.
   * @returns whether it has ended: a title that was refused is still being edited
   */
  async rename(todo: Todo, title: string, basis: string): Promise<boolean> {
    const text = title.trim();
    const changed = text !== '' && text !== basis;
    if (changed && !(await this.edit({ ...todo, title: basis }, { title: text }))) return false;
    if (this.editingId === todo.id) this.editingId = null;
    await tick();
    this.cursor.recover();
    return true;
  }

  async move(id: string, step: -1 | 1): Promise<void> {
    const section = this.sections.find(({ entries }) => entries.some((entry) => entry.key === id));
    const between = section && neighboursAfterMove(section, id, step);
    if (between) await this.#app.write(moveTodo({ id, ...between }));
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

  /** The keys of the page; what they act on is the line of the cursor, or the todo whose detail has the focus. */
  commands(): readonly Command[] {
    const entry: Entry | undefined = this.#current;
    const open = this.cursor.inPane ? this.openTodo : null;
    const todo = open ?? (entry?.kind === 'todo' ? entry.todo : undefined);
    const ghost = open === null && entry?.kind === 'ghost' ? entry.suggestion : undefined;
    const group = 'Todo';
    return [
      { id: 'todo.new', keys: 'n', label: 'New todo', group, run: () => this.quickAdd?.focus() },
      {
        id: 'todo.new-a',
        keys: 'a',
        label: 'New todo',
        group,
        hidden: true,
        when: !ghost,
        run: () => this.quickAdd?.focus(),
      },
      { id: 'todo.search', keys: '/', label: 'Search todos', group, run: () => this.searchBox?.focus() },
      { id: 'todo.next', keys: 'j', label: 'Next line', group, run: () => this.cursor.move(1) },
      { id: 'todo.previous', keys: 'k', label: 'Previous line', group, run: () => this.cursor.move(-1) },
      {
        id: 'todo.close',
        keys: 'Escape',
        label: 'Close details',
        group,
        when: this.#place().openId !== null,
        run: () => this.open(null),
      },
      ...(todo ? this.#todoCommands(todo) : []),
      ...(ghost ? this.#ghostCommands(ghost) : []),
      {
        id: 'todo.preview',
        keys: 'p',
        label: 'Preview suggestions',
        group,
        when: this.suggestions.length > 0,
        run: () => this.togglePreview(),
      },
      {
        id: 'todo.approve-all',
        keys: 'A',
        label: 'Approve suggestions here',
        group,
        when: this.approvable.length > 0,
        run: () => this.approveAll(),
      },
      {
        id: 'todo.done',
        label: this.doneShown ? 'Hide done todos' : 'Show done todos',
        group,
        run: () => this.toggleDone(),
      },
    ];
  }

  togglePreview(): void {
    this.previewing = !this.previewing;
  }
  toggleDone(): void {
    this.doneShown = !this.doneShown;
  }

  #todoCommands(todo: Todo): readonly Command[] {
    const group = 'Todo';
    return [
      {
        id: 'todo.toggle',
        keys: 'x',
        label: todo.done ? 'Mark as not done' : 'Mark as done',
        group,
        run: () => void this.toggle(todo),
      },
      { id: 'todo.open', keys: 'Enter', label: 'Open', group, run: () => this.open(todo.id) },
      { id: 'todo.edit', keys: 'e', label: 'Edit title', group, run: () => (this.editingId = todo.id) },
      { id: 'todo.delete', keys: 'Delete', label: 'Delete', group, run: () => void this.remove(todo) },
      {
        id: 'todo.delete-key',
        keys: 'Backspace',
        label: 'Delete',
        group,
        hidden: true,
        run: () => void this.remove(todo),
      },
      { id: 'todo.up', keys: 'K', label: 'Move up', group, run: () => void this.move(todo.id, -1) },
      { id: 'todo.down', keys: 'J', label: 'Move down', group, run: () => void this.move(todo.id, 1) },
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
