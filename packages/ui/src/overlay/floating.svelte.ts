import { flushSync } from 'svelte';
import type { Attachment } from 'svelte/attachments';
import { placeBeside } from './place-beside.ts';

/** What a trigger spreads on its button. */
export interface TriggerAttributes {
  id: string;
  'aria-haspopup': 'menu' | 'dialog';
  'aria-expanded': boolean;
  'aria-controls': string;
  onclick: () => void;
  onkeydown: (event: KeyboardEvent) => void;
}

/**
 * One floating box beside its trigger, on the browser's popover: it is in the top layer (above dialogs too), Escape and a
 * press elsewhere close it, and focus goes back to the trigger.
 */
export class Floating {
  open = $state(false);
  readonly triggerId: string;
  readonly boxId: string;
  readonly #role: 'menu' | 'dialog';
  #box: HTMLElement | undefined;

  constructor(id: string, role: 'menu' | 'dialog') {
    this.triggerId = `${id}-trigger`;
    this.boxId = `${id}-box`;
    this.#role = role;
  }

  readonly trigger: TriggerAttributes = $derived.by(() => ({
    id: this.triggerId,
    'aria-haspopup': this.#role,
    'aria-expanded': this.open,
    'aria-controls': this.boxId,
    onclick: () => this.toggle(),
    onkeydown: (event) => {
      if (this.#role !== 'menu' || (event.key !== 'ArrowDown' && event.key !== 'ArrowUp')) return;
      event.preventDefault();
      this.show();
    },
  }));

  /** For the box: `popover="auto"` element that follows its trigger. */
  readonly box: Attachment<HTMLElement> = (element) => {
    this.#box = element;
    const onToggle = (event: Event): void => {
      this.open = (event as ToggleEvent).newState === 'open';
    };
    const place = (): void => this.#place();
    element.addEventListener('toggle', onToggle);
    window.addEventListener('resize', place);
    // Capture: the pane that scrolls is not the window.
    window.addEventListener('scroll', place, { capture: true, passive: true });
    return () => {
      element.removeEventListener('toggle', onToggle);
      window.removeEventListener('resize', place);
      window.removeEventListener('scroll', place, { capture: true });
      this.#box = undefined;
    };
  };

  show(): void {
    if (!this.#box || this.#box.matches(':popover-open')) return;
    this.open = true;
    // The content is there only while open: it must be, before it is measured and focused.
    flushSync();
    this.#box.showPopover();
    this.#place();
    const first = this.#box.querySelector<HTMLElement>(
      '[role="menuitem"]:not([aria-disabled="true"]), a[href], button:not(:disabled), input, select, textarea',
    );
    (first ?? this.#box).focus();
  }

  hide(): void {
    if (!this.#box?.matches(':popover-open')) return;
    this.#box.hidePopover();
    this.open = false;
    document.getElementById(this.triggerId)?.focus();
  }

  toggle(): void {
    if (this.open) this.hide();
    else this.show();
  }

  #place(): void {
    const anchor = document.getElementById(this.triggerId);
    if (!this.open || !this.#box || !anchor) return;
    this.#box.style.maxHeight = '';
    const size = { width: this.#box.offsetWidth, height: this.#box.offsetHeight };
    const view = { width: document.documentElement.clientWidth, height: window.innerHeight };
    const at = placeBeside(anchor.getBoundingClientRect(), size, view);
    this.#box.style.top = `${at.top}px`;
    this.#box.style.left = `${at.left}px`;
    this.#box.style.maxHeight = `${at.maxHeight}px`;
  }
}
