/** Typing pauses this long before it is saved; while it goes on, it is saved at least every {@link SAVE_AT_LEAST_MS}. */
const SAVE_AFTER_MS = 300;
const SAVE_AT_LEAST_MS = 1500;
/** What arrives from elsewhere is shown only when the hands have rested this long, so that no cursor jumps. */
const SETTLE_MS = 900;

/** Where the text of a closing tab waits for the next start: `manara.draft|<owner>|<table>|<id>|<field>`. */
export const DRAFT_PREFIX = 'manara.draft|';

/**
 * A text field that saves itself and loses no keystroke: after a pause, on blur (call `flush`), when its component goes, and when the
 * tab is hidden. A tab that closes before a save has ended leaves the text under `rescueKey` in localStorage, and the next start
 * writes it. Text that arrives from another device replaces it only while nothing is unsaved.
 */
export class Draft {
  #text = $state('');
  #failed = $state(false);
  #dirty = false;
  #touchedAt = 0;
  #dirtySince = 0;
  #saving: Promise<void> = Promise.resolve();
  #arrived: string | null = null;
  /** The text that is known to be in the database. */
  #stored: string;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #save: (text: string) => Promise<void>;
  readonly #rescueKey: string;

  constructor(stored: string, save: (text: string) => Promise<void>, rescueKey: string) {
    this.#text = stored;
    this.#stored = stored;
    this.#save = save;
    this.#rescueKey = rescueKey;
    // What was refused when the field was last left is tried again, and stays to be seen when it is refused again.
    const left = localStorage.getItem(rescueKey);
    if (left !== null && left !== stored) {
      this.#text = left;
      this.#dirty = true;
      this.#later(0, () => void this.flush());
    }
    addEventListener('pagehide', this.#rescue);
    document.addEventListener('visibilitychange', this.#hidden);
  }

  get text(): string {
    return this.#text;
  }

  set text(value: string) {
    if (value === this.#text) return;
    this.#text = value;
    const now = Date.now();
    if (!this.#dirty) this.#dirtySince = now;
    this.#dirty = true;
    this.#touchedAt = now;
    const wait = Math.max(0, Math.min(SAVE_AFTER_MS, this.#dirtySince + SAVE_AT_LEAST_MS - now));
    this.#later(wait, () => void this.flush());
  }

  /** The last save was refused: the text is still here, and the next keystroke tries again. */
  get failed(): boolean {
    return this.#failed;
  }

  /** Takes what the database holds now. */
  receive(stored: string): void {
    this.#arrived = stored;
    if (!this.#dirty) this.#settle();
  }

  /** Saves what is unsaved. Resolves when it is stored, or was refused. */
  async flush(): Promise<void> {
    if (!this.#dirty) return this.#saving;
    this.#dirty = false;
    const text = this.#text;
    this.#saving = this.#saving
      .then(() => this.#save(text))
      .then(
        () => {
          this.#failed = false;
          this.#stored = text;
          if (!this.#dirty) localStorage.removeItem(this.#rescueKey);
        },
        () => {
          this.#failed = true;
          this.#dirty = true;
        },
      );
    await this.#saving;
    if (!this.#dirty) this.#settle();
  }

  /** Saves and lets go of the page's events. A text that is refused waits in localStorage for the next draft of the field. */
  async dispose(): Promise<void> {
    removeEventListener('pagehide', this.#rescue);
    document.removeEventListener('visibilitychange', this.#hidden);
    clearTimeout(this.#timer);
    await this.flush();
    clearTimeout(this.#timer);
    if (this.#failed) this.#keep();
  }

  #settle(): void {
    const arrived = this.#arrived;
    // What was stored may have been tidied at its ends; the space that was just typed stays under the cursor.
    if (arrived === null || arrived.trim() === this.#text.trim()) return;
    const rest = this.#touchedAt + SETTLE_MS - Date.now();
    if (rest > 0) this.#later(rest, () => !this.#dirty && this.#settle());
    else {
      this.#text = arrived;
      this.#stored = arrived;
    }
  }

  #later(ms: number, task: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(task, ms);
  }

  #hidden = (): void => {
    if (document.visibilityState === 'hidden') void this.flush();
  };

  /** A closing tab ends before a database transaction does; this store is written at once. */
  #rescue = (): void => {
    if (this.#text !== this.#stored) this.#keep();
    void this.flush();
  };

  #keep(): void {
    try {
      localStorage.setItem(this.#rescueKey, this.#text);
    } catch {
      // No room there either: the text was too long for the record already, and its owner was told.
    }
  }
}
