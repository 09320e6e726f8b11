import { backoffMs } from '@manara/kernel/backoff';
import type { LiveEvent } from '@manara/protocol/live';
import type { Random, Timers, Transport } from './ports.ts';

/** The server repeats its heads every 20 s: a line that is silent for longer is dead, whatever the socket says. */
const SILENCE_MS_MAX = 50_000;

export interface LiveLineDeps {
  readonly transport: Transport;
  readonly timers: Timers;
  readonly random: Random;
  readonly onEvent: (event: LiveEvent) => void;
  /** whether pokes can be relied upon now */
  readonly onLine: (up: boolean) => void;
}

/** Keeps one event stream open, with back-off, until the signal is aborted. */
export async function keepLive(deps: LiveLineDeps, signal: AbortSignal): Promise<void> {
  for (let attempt = 0; !signal.aborted; attempt++) {
    if (await liveOnce(deps, signal)) attempt = 0;
    deps.onLine(false);
    if (signal.aborted) return;
    await sleep(deps.timers, backoffMs(attempt, deps.random(), 1000, 60_000), signal);
  }
}

/** @returns whether the stream ever opened */
async function liveOnce(deps: LiveLineDeps, signal: AbortSignal): Promise<boolean> {
  const line = new AbortController();
  const stop = (): void => line.abort();
  signal.addEventListener('abort', stop, { once: true });
  let opened = false;
  let cancel: () => void = () => undefined;
  const heard = (): void => {
    cancel();
    cancel = deps.timers.after(SILENCE_MS_MAX, stop);
  };
  heard();
  await deps.transport.live(
    {
      open: () => {
        opened = true;
        heard();
        deps.onLine(true);
      },
      event: (event) => {
        heard();
        deps.onEvent(event);
      },
    },
    line.signal,
  );
  cancel();
  signal.removeEventListener('abort', stop);
  return opened;
}

/** Ends early, without a fault, when the signal is aborted. */
export function sleep(timers: Timers, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = (): void => {
      cancel();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const cancel = timers.after(ms, done);
    signal.addEventListener('abort', done, { once: true });
  });
}
