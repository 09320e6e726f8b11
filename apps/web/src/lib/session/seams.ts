/**
 * The one file of the web app that reaches for the clock, chance, timers, the network and the browser's locks. Everything else is
 * given them, so that tests can stand in for each.
 */
import { uuid7 } from '@manara/kernel/id';

const randomBytes = (count: number): Uint8Array => crypto.getRandomValues(new Uint8Array(count));

const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** The person's day, `YYYY-MM-DD`, in the zone of the device. */
function dayOf(ms: number): string {
  const date = new Date(ms);
  const pad = (value: number): string => String(value).padStart(2, '0');
  return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
}

export const seams = {
  nowMs: (): number => Date.now(),
  today: (): string => dayOf(Date.now()),
  dayOf,
  /** for file names and exports, in UTC */
  isoNow: (): string => new Date().toISOString(),
  zone: (): string => Intl.DateTimeFormat().resolvedOptions().timeZone,
  random: (): number => Math.random(),
  randomBytes,
  newId: (): string => uuid7(Date.now(), randomBytes(10)),
  /** 16 hex digits: what a new installation is called */
  newClientId: (): string => hex(randomBytes(8)),
  fetch: (input: string | URL | Request, init?: RequestInit): Promise<Response> => fetch(input, init),
  sleep: (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms)),
  /** Runs `task` after `ms`; the returned function calls it off. */
  after: (ms: number, task: () => void): (() => void) => {
    const timer = setTimeout(task, ms);
    return () => clearTimeout(timer);
  },
  every: (ms: number, task: () => void): (() => void) => {
    const timer = setInterval(task, ms);
    return () => clearInterval(timer);
  },
  locks: (): LockManager | undefined => navigator.locks,
  storage: (): StorageManager | undefined => navigator.storage,
  isOnline: (): boolean => navigator.onLine,
} as const;

export type Seams = typeof seams;
