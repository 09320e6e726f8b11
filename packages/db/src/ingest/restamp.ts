import { STAMP_AHEAD_MS_MAX } from '@manara/protocol/limits';
import { ACCEPTED } from '@manara/sync-core/record';
import { formatStamp, nextReading, parseStamp, type Stamp, stampMs, stampNode } from '@manara/sync-core/stamp';
import type { SoundOp } from './judge-op.ts';

export interface Restamped {
  /** new stamp by old one */
  readonly stamps: ReadonlyMap<Stamp, Stamp>;
  /** the client's greatest accepted stamp once these ops are in; '' when there is none */
  readonly greatest: Stamp | '';
}

/**
 * Replaces stamps too far ahead of server time: a wrong clock is neither refused nor a winner for ever. Stamps that
 * this batch keeps count as accepted, so that the client's own order survives.
 */
export function restamp(
  accepted: readonly SoundOp[],
  client: string,
  serverTimeMs: number,
  greatestBefore: Stamp | '',
): Restamped {
  const ahead = new Set<Stamp>();
  let greatest = greatestBefore;
  for (const { cells } of accepted) {
    for (const [name, [, stamp]] of cells) {
      if (name === ACCEPTED) continue;
      if (stampMs(stamp) > serverTimeMs + STAMP_AHEAD_MS_MAX) ahead.add(stamp);
      else if (stampNode(stamp) === client && stamp > greatest) greatest = stamp;
    }
  }
  const stamps = new Map<Stamp, Stamp>();
  if (ahead.size === 0) return { stamps, greatest };
  let base = formatStamp({ ms: serverTimeMs, counter: 0, node: client });
  if (greatest > base) base = greatest;
  let reading: { readonly ms: number; readonly counter: number } = parseStamp(base);
  for (const old of [...ahead].sort()) {
    reading = nextReading(reading.ms, reading.counter);
    greatest = formatStamp({ ...reading, node: client });
    stamps.set(old, greatest);
  }
  return { stamps, greatest };
}
