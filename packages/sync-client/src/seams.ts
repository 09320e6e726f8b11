import type { JsonValue } from '@manara/kernel/json';
import type { Clock, Locks, Peers, Random, Timers } from './ports.ts';

/** The surroundings of a browser tab. */
export interface BrowserPorts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly locks: Locks;
  /** @param name the database's, so that accounts do not hear each other */
  peers(name: string): Peers;
}

/** The browser's own clock, timers, chance, locks and channel between tabs. */
export function browserPorts(): BrowserPorts {
  return {
    clock: { wall: () => Date.now(), mono: () => performance.now() },
    timers: {
      after: (ms, run) => {
        const timer = setTimeout(run, ms);
        return () => clearTimeout(timer);
      },
    },
    random: () => Math.random(),
    locks: { hold },
    peers,
  };
}

/**
 * One tab at a time by Web Locks. Where there are none (a page that is not a secure context) every tab works for itself:
 * pushing one queue twice is harmless, for a batch is frozen in the shared database and idempotent on the server.
 */
async function hold(name: string, run: () => Promise<void>, signal: AbortSignal): Promise<void> {
  if (!('locks' in navigator)) return run();
  try {
    await navigator.locks.request(`manara-sync-${name}`, { signal }, run);
  } catch (error) {
    // stopped while another tab held it
    if (!signal.aborted) throw error;
  }
}

function peers(name: string): Peers {
  const channel = new BroadcastChannel(`manara-sync-${name}`);
  return {
    post: (message: JsonValue) => channel.postMessage(message),
    listen: (listener) => {
      const hear = (event: MessageEvent<unknown>): void => listener(event.data);
      channel.addEventListener('message', hear);
      return () => {
        channel.removeEventListener('message', hear);
        channel.close();
      };
    },
  };
}
