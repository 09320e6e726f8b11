import { createContext } from 'svelte';

/** What a caller says. With `undo` the toast carries the button. */
export interface ToastInput {
  message: string;
  undo?: (() => void) | undefined;
  tone?: 'plain' | 'bad';
  durationMs?: number;
}

export interface Toast extends ToastInput {
  id: number;
  durationMs: number;
}

const SHOWN_MAX = 3;
const PLAIN_MS = 5000;
/** Time to read it, understand that it was wrong, and reach the button. */
const UNDO_MS = 10_000;

/** The messages on show. Their life is counted by the region (a CSS animation), which stops while one is pointed at or focused. */
export class Toasts {
  shown = $state.raw<readonly Toast[]>([]);
  #next = 1;

  show(input: ToastInput): number {
    const id = this.#next++;
    const durationMs = input.durationMs ?? (input.undo ? UNDO_MS : PLAIN_MS);
    this.shown = [...this.shown, { ...input, id, durationMs }].slice(-SHOWN_MAX);
    return id;
  }

  dismiss(id: number): void {
    this.shown = this.shown.filter((toast) => toast.id !== id);
  }

  /** Runs the newest undo on show, for the key "z". False when there is none. */
  undoLast(): boolean {
    const toast = this.shown.findLast((shown) => shown.undo);
    if (!toast) return false;
    this.dismiss(toast.id);
    toast.undo?.();
    return true;
  }
}

const [useToasts, provideToasts] = createContext<Toasts>();

export { provideToasts, useToasts };
