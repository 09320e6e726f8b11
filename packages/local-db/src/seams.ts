import { uuid7 } from '@manara/kernel/id';

/** What local-db needs of its surroundings. A simulator passes its own. */
export interface LocalSeams {
  /** milliseconds since 1970 */
  nowMs(): number;
  /** a UUIDv7 */
  newId(): string;
  /** 16 lower-case hex digits */
  newClientId(): string;
  /** in [0, 1) */
  random(): number;
  sleep(ms: number): Promise<void>;
  readonly indexedDB?: IDBFactory;
  readonly IDBKeyRange?: typeof IDBKeyRange;
}

/** The browser's own clock, chance and timers. */
export function browserSeams(): LocalSeams {
  const bytes = (count: number) => crypto.getRandomValues(new Uint8Array(count));
  return {
    nowMs: () => Date.now(),
    newId: () => uuid7(Date.now(), bytes(10)),
    newClientId: () => Array.from(bytes(8), (byte) => byte.toString(16).padStart(2, '0')).join(''),
    random: () => Math.random(),
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  };
}
