import { createContext } from 'svelte';

export type ThemeChoice = 'system' | 'light' | 'dark';

/** Also read by the script in app.html, before the first paint. */
const STORAGE_KEY = 'manara-theme';

/** The chosen theme of this device. Storage may be blocked: the choice then lasts as long as the page. */
export class Theme {
  choice: ThemeChoice = $state('system');
  readonly #root: HTMLElement;
  readonly #storage: Storage | undefined;

  constructor(root: HTMLElement, storage: Storage | undefined) {
    this.#root = root;
    this.#storage = storage;
    const stored = root.dataset.theme;
    if (stored === 'light' || stored === 'dark') this.choice = stored;
  }

  set(choice: ThemeChoice): void {
    this.choice = choice;
    if (choice === 'system') {
      delete this.#root.dataset.theme;
      this.#storage?.removeItem(STORAGE_KEY);
    } else {
      this.#root.dataset.theme = choice;
      this.#storage?.setItem(STORAGE_KEY, choice);
    }
  }
}

const [useTheme, provideTheme] = createContext<Theme>();
export { provideTheme, useTheme };
