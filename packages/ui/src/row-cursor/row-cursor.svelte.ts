import type { Attachment } from 'svelte/attachments';
import { on } from 'svelte/events';

/**
 * The line of a list that the page's keys act on: the one with the focus, or the last that had it. Moving by key moves the
 * focus too, so that what is acted on is what a screen reader has said. Made in a component's init; each line's element has
 * its key as `data-row`.
 */
export class RowCursor {
  key = $state<string | null>(null);
  readonly #keys: () => readonly string[];
  #list: HTMLElement | undefined;
  #pane = $state.raw<HTMLElement | null>(null);
  /** where the line stood when it was last in the list: another takes its place when it goes */
  #place: { readonly key: string; readonly at: number } | null = null;
  #awaited: string | null = null;

  /** @param keys of the lines on show, from the top; read reactively */
  constructor(keys: () => readonly string[]) {
    this.#keys = keys;
    let held = false;
    $effect.pre(() => {
      keys();
      held ||= this.#holdsFocus();
    });
    $effect(() => {
      this.#settle(keys(), this.key);
      // The focused line went, or moved to another place in the page, which loses the focus too.
      if (!held) return;
      this.key ??= keys()[0] ?? null;
      this.recover();
      // The only line went: the one that comes, or comes back, has the focus.
      held = this.key === null;
    });
  }

  /** For the element around the lines. */
  readonly list: Attachment<HTMLElement> = (element) => {
    this.#list = element;
    return on(element, 'focusin', ({ target }) => {
      const line = (target as Element).closest<HTMLElement>('[data-row]');
      if (line) this.key = line.getAttribute('data-row');
    });
  };

  /** The focus is in the pane beside the list: the keys act on what is shown there, whatever becomes of its line. */
  readonly inPane: boolean = $derived(this.#pane !== null);

  /** For the element of that pane. */
  readonly pane: Attachment<HTMLElement> = (element) => {
    const left = (): void => {
      if (this.#pane === element) this.#pane = null;
    };
    const offs = [on(element, 'focusin', () => (this.#pane = element)), on(element, 'focusout', left)];
    return () => {
      for (const off of offs) off();
      left();
    };
  };

  /** Goes to the line below or above, and stays at the ends. */
  move(step: -1 | 1): void {
    const keys = this.#keys();
    const at = this.key === null ? -1 : keys.indexOf(this.key);
    this.key = keys[at < 0 ? 0 : Math.min(keys.length - 1, Math.max(0, at + step))] ?? null;
    this.focus();
    this.#line()?.scrollIntoView({ block: 'nearest' });
  }

  /**
   * Before a line goes: the keys, and the focus when it is there, go on with the next one.
   * @returns what brings them back, for a line that stays after all
   */
  leave(key: string): () => void {
    if (this.key !== key) return () => undefined;
    const keys = this.#keys();
    const at = keys.indexOf(key);
    const held = this.#holdsFocus();
    const next = keys[at + 1] ?? keys[at - 1] ?? null;
    this.key = next;
    if (held) this.focus();
    return () => {
      if (this.key !== next) return;
      this.key = key;
      if (held) this.focus();
    };
  }

  /** Goes to a line that may not be there yet, and shows it when it is. The focus stays. */
  goTo(key: string): void {
    this.key = key;
    this.#awaited = key;
  }

  focus(): void {
    const line = this.#line();
    if (!line) return;
    const control = line.querySelector<HTMLElement>('[data-main]');
    // A line with nothing to press is still one to hear.
    if (!control) line.tabIndex = -1;
    (control ?? line).focus({ preventScroll: true });
  }

  /** Gives the line the focus that was lost with what had it. */
  recover(): void {
    if (document.activeElement === null || document.activeElement === document.body) this.focus();
  }

  #line(): HTMLElement | null {
    return this.key === null ? null : (this.#list?.querySelector(`[data-row="${CSS.escape(this.key)}"]`) ?? null);
  }

  #holdsFocus(): boolean {
    return this.#list?.contains(document.activeElement) === true && !!document.activeElement?.closest('[data-row]');
  }

  #settle(keys: readonly string[], key: string | null): void {
    const at = key === null ? -1 : keys.indexOf(key);
    if (key !== null && at >= 0) {
      this.#place = { key, at };
      if (this.#awaited === key) this.#line()?.scrollIntoView({ block: 'nearest' });
      this.#awaited = null;
    } else if (this.#place !== null && this.#place.key === key) {
      this.key = keys[Math.min(this.#place.at, keys.length - 1)] ?? null;
    }
  }
}
