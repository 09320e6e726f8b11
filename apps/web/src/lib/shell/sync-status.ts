import { countWords } from '@manara/ui/count/count-words';
import { relativeWords } from '@manara/ui/relative-time/relative-words';

/** A change that the server did not take. It is kept until the user says what to do with it. */
export interface RefusedChange {
  id: string;
  /** What was changed: "Renew passport". */
  title: string;
  /** Why it was refused, in words, from the error table. */
  reason: string;
  /** ms since 1970 */
  at: number;
  /** The ways out that make sense for this one. */
  repairs: readonly { id: string; label: string; danger?: boolean }[];
}

/** What the pill and its panel show. All times in ms since 1970. */
export interface SyncStatus {
  /**
   * "guest": no account, everything stays on this device. "offline": this device has no network. "unreachable": it has one,
   * and the server does not answer.
   */
  state: 'synced' | 'syncing' | 'offline' | 'unreachable' | 'attention' | 'guest';
  /** Local changes that no server has yet. */
  waiting: number;
  lastSyncAt: number | null;
  refused: readonly RefusedChange[];
  /** How far this device's clock is from the server's, when it is far enough to say so. Positive: ahead. */
  clockOffByMs?: number | null;
  /** Why sync stands still, when it is not the network: from the error table. */
  problem?: { title: string; safe: string; todo: string } | null;
}

/** The words of the pill: a short form for narrow screens, and all of it. */
export function syncWords(status: SyncStatus, now: number): { short: string; full: string } {
  const waiting = `${status.waiting} waiting`;
  switch (status.state) {
    case 'guest':
      return { short: 'On this device', full: 'Only on this device' };
    case 'offline': {
      const full = status.waiting > 0 ? `Offline · ${waiting}` : 'Offline';
      return { short: full, full };
    }
    case 'unreachable':
      return {
        short: status.waiting > 0 ? `No server · ${waiting}` : 'No server',
        full: status.waiting > 0 ? `Server not reachable · ${waiting}` : 'Server not reachable',
      };
    case 'syncing':
      return { short: 'Syncing', full: status.waiting > 0 ? `Syncing · ${waiting}` : 'Syncing' };
    case 'attention':
      return { short: 'Needs attention', full: 'Needs attention' };
    case 'synced':
      // "Synced" with something waiting would be a lie, whoever passed it.
      if (status.waiting > 0) return { short: waiting, full: waiting };
      return {
        short: 'Synced',
        full: status.lastSyncAt === null ? 'Synced' : `Synced ${relativeWords(status.lastSyncAt, now)}`,
      };
  }
}

/** The first line of the panel: what is safe, and where. */
export function syncSentence(status: SyncStatus): string {
  const changes = countWords(status.waiting, 'change');
  switch (status.state) {
    case 'guest':
      return 'Everything is saved on this device. Sign in to have it on your other devices too: nothing is lost.';
    case 'offline':
      return status.waiting > 0
        ? `No connection. ${changes} saved on this device, to be sent when you are online again.`
        : 'No connection. You can go on working: changes are saved on this device and sent later.';
    case 'unreachable':
      return status.waiting > 0
        ? `The server is not reachable. ${changes} saved on this device, to be sent as soon as it answers: it is tried again by itself.`
        : 'The server is not reachable; it is tried again by itself. You can go on working: changes are saved on this device and sent later.';
    case 'attention':
      return status.refused.length > 0
        ? `${countWords(status.refused.length, 'change')} could not be taken by the server. Nothing is lost: decide here what happens.`
        : 'Sync needs you. Everything is saved on this device.';
    case 'syncing':
      return status.waiting > 0 ? `Sending ${changes}.` : 'Fetching changes from your other devices.';
    case 'synced':
      return status.waiting > 0 ? `${changes} saved here, about to be sent.` : 'Everything is on the server and here.';
  }
}

/** "3 minutes ahead of": a wrong clock, in words; null when it does not matter. */
export function clockWords(offByMs: number | null | undefined): string | null {
  if (offByMs === null || offByMs === undefined || Math.abs(offByMs) < 60_000) return null;
  const minutes = Math.round(Math.abs(offByMs) / 60_000);
  const amount =
    minutes < 120
      ? countWords(minutes, 'minute')
      : minutes < 2880
        ? countWords(Math.round(minutes / 60), 'hour')
        : countWords(Math.round(minutes / 1440), 'day');
  return `This device's clock is ${amount} ${offByMs > 0 ? 'ahead of' : 'behind'} the server. Changes still sync in the right order; times shown here may be off.`;
}
