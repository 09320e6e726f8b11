import { createContext, onDestroy } from 'svelte';
import { SvelteSet } from 'svelte/reactivity';
import type { IconType } from '../icon/icon-type.ts';
import { isSingleKey, matchesKeys } from './matches-keys.ts';

/** One thing the user can do here: by key, by the palette, and listed in the help. */
export interface Command {
  /** Unique: "inbox.approve". */
  id: string;
  label: string;
  /** Heading in palette and help. */
  group: string;
  /** "a", "A", "mod+k", "ArrowDown"; none for the palette alone. */
  keys?: string | undefined;
  icon?: IconType;
  run: () => void;
  /** False hides it and frees its key. */
  when?: boolean;
  /** Works by key, is not listed: a second key for a listed command. */
  hidden?: boolean;
}

type Source = () => readonly Command[];

/** All commands of what is on screen. The newest page wins a key that two want; the other stays in the palette, without it. */
export class Shortcuts {
  readonly #sources = new SvelteSet<Source>();
  /** Whether letters and signs alone are keys. Who dictates, or hits keys by accident, turns them off (WCAG 2.1.4). */
  singleKeys = $state(true);

  readonly commands: readonly Command[] = $derived.by(() => {
    const all = [...this.#sources].flatMap((source) => source()).filter((command) => command.when !== false);
    const winner = new Map(all.map((command) => [command.keys, command]));
    const keeps = (command: Command): boolean => winner.get(command.keys) === command;
    return all.map((command) => (keeps(command) ? command : { ...command, keys: undefined }));
  });

  add(source: Source): () => void {
    this.#sources.add(source);
    return () => this.#sources.delete(source);
  }

  #works(keys: string): boolean {
    return this.singleKeys || !isSingleKey(keys);
  }

  /** Runs the command of a key press; true when there was one. For `<svelte:window onkeydown>`. */
  handle(event: KeyboardEvent): boolean {
    if (event.defaultPrevented || event.isComposing || isTaken(event)) return false;
    const command = this.commands.findLast(({ keys }) => keys && this.#works(keys) && matchesKeys(keys, event));
    if (!command) return false;
    event.preventDefault();
    command.run();
    return true;
  }
}

/** A key belongs to the field, button, menu or dialog it was pressed in before it belongs to the page. */
function isTaken(event: KeyboardEvent): boolean {
  const withModifier = event.metaKey || event.ctrlKey || event.altKey;
  if (withModifier) return false;
  if (document.querySelector('dialog:modal, :popover-open')) return true;
  const target = event.target;
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target.matches('textarea, select')) return true;
  if (target.matches('input:not([type="checkbox"], [type="radio"], [type="button"])')) return true;
  const presses = event.key === 'Enter' || event.key === ' ';
  return presses && target.matches('button, a, summary, input');
}

const [getShortcuts, provideShortcuts] = createContext<Shortcuts>();

export { getShortcuts, provideShortcuts };

/** Adds the commands for as long as the component lives. The function is read reactively. */
export function useShortcuts(source: Source): void {
  onDestroy(getShortcuts().add(source));
}
