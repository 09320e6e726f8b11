import { createContext } from 'svelte';

export type ThemeChoice = 'system' | 'light' | 'dark';

/** Also read by the script in app.html, before the first paint. */
const STORAGE_KEY = 'manara-theme';

/** The chosen theme of this device. Storage may be blocked: the choice then lasts as long as the page. */
export class Theme {
  choice: ThemeChoice = $state('system');
  readonly #root: HTMLElement;
  readonly #storage: Storage | undefined;
  /** The window's colour in each theme, as app.html has them. */
  readonly #bars: readonly { meta: HTMLMetaElement; own: string; isDark: boolean }[];

  constructor(root: HTMLElement, storage: Storage | undefined) {
    this.#root = root;
    this.#storage = storage;
    this.#bars = [...root.querySelectorAll<HTMLMetaElement>('meta[name="theme-color"]')].map((meta) => ({
      meta,
      own: meta.content,
      isDark: meta.media.includes('dark'),
    }));
    const stored = root.dataset.theme;
    if (stored === 'light' || stored === 'dark') this.choice = stored;
    this.#colourBars();
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
    this.#colourBars();
  }

  /** The installed app's window bar follows the choice, not the system. */
  #colourBars(): void {
    const chosen = this.#bars.find((bar) => bar.isDark === (this.choice === 'dark'));
    for (const bar of this.#bars) bar.meta.content = this.choice === 'system' ? bar.own : (chosen?.own ?? bar.own);
  }
}

const [useTheme, provideTheme] = createContext<Theme>();

export { provideTheme, useTheme };
