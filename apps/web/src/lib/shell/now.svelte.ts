/** The wall clock as a rune, for words like "12 s ago". Stops while nobody looks. */
export class Now {
  ms = $state(0);
  readonly #read: () => number;

  constructor(read: () => number) {
    this.#read = read;
    this.ms = read();
  }

  /** Ticks every `everyMs`; returns how to stop. */
  start(everyMs: number): () => void {
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') this.ms = this.#read();
    }, everyMs);
    return () => clearInterval(timer);
  }
}
