import type { RouteDeps } from './app-deps.ts';

export interface Wait<T> {
  readonly spaces: Iterable<string>;
  readonly waitMs: number;
  /** ends the wait early: the client is gone, or the process stops */
  readonly ended: AbortSignal;
  ask(): Promise<T>;
  isNews(answer: T): boolean;
}

/**
 * Asks until there is news or the time is up. It listens before it asks, so that nothing falls in between; a poke of a
 * space that the account may not read wakes it and shows nothing.
 */
export async function waitForNews<T>({ pokes, clock }: Pick<RouteDeps, 'pokes' | 'clock'>, wait: Wait<T>): Promise<T> {
  let wake = () => {};
  let isPoked = false;
  const unsubscribe = pokes.subscribe(wait.spaces, {
    heads: () => {
      isPoked = true;
      wake();
    },
  });
  const onEnd = () => wake();
  wait.ended.addEventListener('abort', onEnd);
  let isOver = false;
  const stop = clock.after(wait.waitMs, () => {
    isOver = true;
    wake();
  });
  try {
    for (;;) {
      isPoked = false;
      const answer = await wait.ask();
      if (wait.isNews(answer) || isOver || wait.ended.aborted) return answer;
      if (!isPoked) {
        await new Promise<void>((resolve) => {
          wake = resolve;
          if (isPoked || isOver || wait.ended.aborted) resolve();
        });
      }
    }
  } finally {
    stop();
    unsubscribe();
    wait.ended.removeEventListener('abort', onEnd);
  }
}
