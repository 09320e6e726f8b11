/** Typing pauses this long before it is saved; while it goes on, it is saved at least every {@link SAVE_AT_LEAST_MS}. */
const SAVE_AFTER_MS = 300;
const SAVE_AT_LEAST_MS = 1500;
/** What arrives from elsewhere is shown only when the hands have rested this long, so that no cursor jumps. */
const SETTLE_MS = 900;

/** Where the text of a closing tab waits for the next start: `manara.draft|<owner>|<table>|<id>|<field>`. */
export const DRAFT_PREFIX = 'manara.draft|';

/** A text that waits there. */
export interface LeftText {
  readonly text: string;
  /** what the person had seen in the field before typing */
  readonly basis: string;
}

/** Reads what {@link Draft} has left behind, or null for what it did not write. */
export function readLeft(stored: string | null): LeftText | null {
  try {
    const left: unknown = JSON.parse(stored ?? 'null');
    if (typeof left !== 'object' || left === null) return null;
    const { text, basis } = left as Record<string, unknown>;
    return typeof text === 'string' && typeof basis === 'string' ? { text, basis } : null;
  } catch {
    return null;
  }
}

/**
 * Stores a draft's text. `basis` is what the person saw of the field before typing: what has come in since is not lost on
 * them. Resolves with the text as it was stored, which may have been tidied; rejects when it was refused.
 */
export type SaveText = (text: string, basis: string) => Promise<string>;

/**
 * A text field that saves itself and loses no keystroke: after a pause, on blur (call `flush`), when its component goes, and when the
 * tab is hidden. A tab that closes before a save has ended leaves the text under `rescueKey` in localStorage, and the next start
 * writes it. Text that arrives from another device replaces it only while nothing is unsaved.
 */
export class Draft {
  #text = $state('');
  #failed = $state(false);
  #restored = $state(false);
  #dirty = false;
  #touchedAt = 0;
  #dirtySince = 0;
  #saving: Promise<void> = Promise.resolve();
  #arrived: string | null = null;
  /** The text, as typed, that is known to be in the database. */
  #stored: string;
  /** What the database held when this field last showed it or wrote it: what the next text is based on. */
  #basis: string;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #save: SaveText;
  readonly #rescueKey: string;
  readonly #required: boolean;
  /** The text when the field was last left: what a required field that is left empty goes back to. */
  #before: string;

  /** @param required left empty, the field goes back to the text it had */
  constructor(stored: string, save: SaveText, rescueKey: string, { required = false } = {}) {
    this.#required = required;
    this.#before = stored;
    this.#text = stored;
    this.#stored = stored;
    this.#basis = stored;
    this.#save = save;
    this.#rescueKey = rescueKey;
    // What was refused when the field was last left is tried again, and stays to be seen when it is refused again.
    const left = readLeft(localStorage.getItem(rescueKey));
    if (left !== null && left.text !== stored && !(required && left.text.trim() === '')) {
      this.#text = left.text;
      this.#basis = left.basis;
      this.#dirty = true;
      this.#later(0, () => void this.#store());
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
    this.#restored = false;
    const now = Date.now();
    if (!this.#dirty) this.#dirtySince = now;
    this.#dirty = true;
    this.#touchedAt = now;
    if (this.#empty) {
      clearTimeout(this.#timer);
      return;
    }
    const wait = Math.max(0, Math.min(SAVE_AFTER_MS, this.#dirtySince + SAVE_AT_LEAST_MS - now));
    this.#later(wait, () => void this.#store());
  }

  /** The last save was refused: the text is still here, and the next keystroke tries again. */
  get failed(): boolean {
    return this.#failed;
  }

  /** The field was left empty, and has the text it had before. */
  get restored(): boolean {
    return this.#restored;
  }

  /** Takes what the database holds now. */
  receive(stored: string): void {
    this.#arrived = stored;
    if (!this.#dirty) this.#settle();
  }

  /** The field is left: saves what is unsaved. Resolves when it is stored, or was refused. */
  flush(): Promise<void> {
    this.#complete();
    return this.#store();
  }

  get #empty(): boolean {
    return this.#required && this.#text.trim() === '';
  }

  /** Of a field that is left empty, the text it had comes back, whatever was saved on the way to none. */
  #complete(): void {
    if (this.#empty && this.#before.trim() !== '') {
      this.#text = this.#before;
      this.#restored = true;
    }
    this.#before = this.#text;
  }

  async #store(): Promise<void> {
    if (!this.#dirty) return this.#saving;
    this.#dirty = false;
    const text = this.#text;
    this.#saving = this.#saving
      .then(() => this.#save(text, this.#basis))
      .then(
        (written) => {
          this.#failed = false;
          this.#stored = text;
          this.#basis = written;
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
    if (arrived === null) return;
    if (arrived.trim() === this.#text.trim()) {
      this.#basis = arrived;
      return;
    }
    const rest = this.#touchedAt + SETTLE_MS - Date.now();
    if (rest > 0) this.#later(rest, () => !this.#dirty && this.#settle());
    else {
      this.#text = arrived;
      this.#before = arrived;
      this.#stored = arrived;
      this.#basis = arrived;
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
    this.#complete();
    if (this.#text !== this.#stored) this.#keep();
    void this.flush();
  };

  #keep(): void {
    try {
      const left: LeftText = { text: this.#text, basis: this.#basis };
      localStorage.setItem(this.#rescueKey, JSON.stringify(left));
    } catch {
      // No room there either: the text was too long for the record already, and its owner was told.
    }
  }
}
