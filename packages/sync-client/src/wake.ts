import type { Timers } from './ports.ts';

/** Why a wait ended. `urgent` ends every wait; `change` and `heads` do not cut a back-off short. */
export type WakeReason = 'change' | 'heads' | 'urgent' | 'time' | 'stop';

/** One sleeper that several things may wake. A wake-up that comes while nobody sleeps is kept for the next wait. */
export class Wake {
  readonly #timers: Timers;
  #pending = new Set<WakeReason>();
  #sleeper: { readonly reasons: ReadonlySet<WakeReason>; resolve(reason: WakeReason): void } | null = null;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  wake(reason: WakeReason): void {
    if (this.#sleeper?.reasons.has(reason)) this.#sleeper.resolve(reason);
    else this.#pending.add(reason);
  }

  /** Forgets wake-ups that a round that starts now takes care of anyway. */
  clear(): void {
    for (const reason of ['change', 'heads', 'urgent', 'time'] as const) this.#pending.delete(reason);
  }

  /** @param ms null: until woken */
  wait(ms: number | null, reasons: readonly WakeReason[]): Promise<WakeReason> {
    const wanted = new Set<WakeReason>([...reasons, 'stop']);
    const early = [...this.#pending].find((reason) => wanted.has(reason));
    if (early !== undefined) {
      if (early !== 'stop') this.#pending.delete(early);
      return Promise.resolve(early);
    }
    return new Promise((resolve) => {
      let cancel: () => void = () => undefined;
      const done = (reason: WakeReason): void => {
        this.#sleeper = null;
        cancel();
        if (reason === 'stop') this.#pending.add('stop');
        resolve(reason);
      };
      this.#sleeper = { reasons: wanted, resolve: done };
      if (ms !== null) cancel = this.#timers.after(ms, () => done('time'));
    });
  }
}
