import type { Figure } from './figure.ts';

/** What a measurement is given. */
export interface Bench {
  /** smaller sizes and fewer rounds: to see that everything works, not how fast */
  readonly quick: boolean;
  /** Hands over what must be ended or removed, last first, whatever happens. */
  keep(close: () => Promise<void>): void;
}

export interface Measurement {
  /** for `--only` */
  readonly name: string;
  /** one line for the help and above its part of the table */
  readonly title: string;
  run(bench: Bench): Promise<readonly Figure[]>;
}

/** Things to be ended, last first. One that fails does not keep the rest from being ended. */
export class Closers {
  readonly #closers: (() => Promise<void>)[] = [];
  #closed = false;

  /** Throws once all was closed, after ending this too: whoever still runs then was given up and must not go on. */
  add(close: () => Promise<void>): void {
    this.#closers.push(close);
    if (!this.#closed) return;
    void this.closeAll();
    throw new Error('stopped');
  }

  /** Resolves with what went wrong, for the log. */
  async closeAll(): Promise<readonly unknown[]> {
    this.#closed = true;
    const faults: unknown[] = [];
    for (let close = this.#closers.pop(); close !== undefined; close = this.#closers.pop()) {
      await close().catch((error: unknown) => faults.push(error));
    }
    return faults;
  }
}
