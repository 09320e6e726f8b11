/**
 * A hybrid logical clock reading, `mmmmmmmmmmmm-cccc-nnnnnnnnnnnnnnnn`: milliseconds since 1970, counter, node, all in
 * lower-case hex of fixed width, so that text order is clock order.
 */
export type Stamp = string;

export interface StampParts {
  /** milliseconds since 1970 */
  readonly ms: number;
  readonly counter: number;
  /** 16 hex digits: the client id, or {@link SERVER_NODE} */
  readonly node: string;
}

const STAMP = /^[0-9a-f]{12}-[0-9a-f]{4}-[0-9a-f]{16}$/;
const NODE = /^[0-9a-f]{16}$/;

export const COUNTER_MAX = 0xffff;
export const STAMP_MS_MAX = 0xffff_ffff_ffff;

/** The node of stamps that the server draws. No client may use it. */
export const SERVER_NODE = '0000000000000000';

export const isStamp = (text: unknown): text is Stamp => typeof text === 'string' && STAMP.test(text);

/** A client id is the node of the stamps that the client draws. */
export const isNode = (text: unknown): text is string => typeof text === 'string' && NODE.test(text);

export function formatStamp({ ms, counter, node }: StampParts): Stamp {
  return `${ms.toString(16).padStart(12, '0')}-${counter.toString(16).padStart(4, '0')}-${node}`;
}

/** Reads a stamp that {@link isStamp} accepts. */
export function parseStamp(stamp: Stamp): StampParts {
  return {
    ms: Number.parseInt(stamp.slice(0, 12), 16),
    counter: Number.parseInt(stamp.slice(13, 17), 16),
    node: stamp.slice(18),
  };
}

export const stampMs = (stamp: Stamp): number => Number.parseInt(stamp.slice(0, 12), 16);
export const stampNode = (stamp: Stamp): string => stamp.slice(18);

/** The next reading after this one; a counter that would overflow carries into the milliseconds. */
export function nextReading(ms: number, counter: number): { readonly ms: number; readonly counter: number } {
  return counter < COUNTER_MAX ? { ms, counter: counter + 1 } : { ms: ms + 1, counter: 0 };
}
