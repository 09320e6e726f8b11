/** What the pill shows: how far this copy and the server agree. */
export interface SyncStatus {
  /** `guest`: no account, nothing is sent. `attention`: sync or a person's change needs the person. */
  readonly state: 'guest' | 'synced' | 'syncing' | 'offline' | 'attention';
  /** local transactions that the server has not acknowledged */
  readonly waiting: number;
  /** ms since 1970 of the last time that nothing was left to do, by this device's clock */
  readonly lastSyncAt: number | null;
  /** groups in quarantine */
  readonly refused: number;
  /** records offered for review after a server was restored */
  readonly review: number;
  /** how far the device's clock is ahead of the server's (negative: behind), when that is more than a minute; else 0 */
  readonly clockSkewMs: number;
  /** the server no longer speaks this version; the queue is kept */
  readonly upgradeRequired: boolean;
  /** the session ended; the queue is kept until the person signs in again */
  readonly signedOut: boolean;
  /** the server says that the account may not read the space; the copy is kept */
  readonly removed: boolean;
  /** the last fault that is not the network's, in the server's words; null when the last attempt went well */
  readonly problem: { readonly code: string; readonly message: string } | null;
}

export const INITIAL_STATUS: SyncStatus = {
  state: 'syncing',
  waiting: 0,
  lastSyncAt: null,
  refused: 0,
  review: 0,
  clockSkewMs: 0,
  upgradeRequired: false,
  signedOut: false,
  removed: false,
  problem: null,
};

export const GUEST_STATUS: SyncStatus = { ...INITIAL_STATUS, state: 'guest' };

/** What the engine knows; the state shown is derived from it. */
export interface Facts extends Omit<SyncStatus, 'state'> {
  readonly working: boolean;
  readonly offline: boolean;
}

export function statusOf({ working, offline, ...facts }: Facts): SyncStatus {
  // a fault that is not the network's stays until it is looked into: "synced" would be a lie
  const fault = facts.upgradeRequired || facts.signedOut || facts.removed || (facts.problem !== null && !offline);
  const needsPerson = facts.refused > 0 || facts.review > 0 || fault;
  const state = needsPerson ? 'attention' : offline ? 'offline' : working ? 'syncing' : 'synced';
  return { ...facts, state };
}

/** A device clock further from the server's than this is told to the person. */
export const CLOCK_SKEW_MS_MAX = 60_000;
/** A reply that took longer says too little about the time. */
const ROUND_TRIP_MS_MAX = 10_000;

/**
 * How wrong the wall clock is, from one reply; null when the round trip was too long to tell.
 * @param sentMs, receivedMs readings of the monotonic clock
 */
export function skewOf(serverMs: number, wallMs: number, sentMs: number, receivedMs: number): number | null {
  const tripMs = receivedMs - sentMs;
  if (tripMs > ROUND_TRIP_MS_MAX) return null;
  const skew = Math.round(wallMs - tripMs / 2 - serverMs);
  return Math.abs(skew) > CLOCK_SKEW_MS_MAX ? skew : 0;
}
