import type { OpVerdict } from '@manara/sync-core/outbox';
import type { Stamp } from '@manara/sync-core/stamp';
import type { Op } from '@manara/sync-core/wire-op';
import { cellsOf } from './op-cells.ts';
import type { OracleName } from './oracle-name.ts';

/** One cell that a device wrote: everything that ever lay in an outbox. */
export interface Written {
  readonly device: string;
  readonly table: string;
  readonly id: string;
  readonly field: string;
  readonly stamp: Stamp;
  readonly group: string | null;
  readonly order: number;
  /** what the server answered, once the device has stored that */
  fate: 'ok' | string | null;
  /** as the server took it */
  taken: Stamp;
}

export interface Violation {
  readonly oracle: OracleName;
  readonly detail: string;
}

interface DeviceStamps {
  greatest: Stamp | '';
  /** the greatest that the server took */
  accepted: Stamp | '';
}

/** What the devices wrote and what became of it, seen from outside. */
export class Journal {
  readonly cells = new Map<string, Written>();
  /** ops of a group as they were written: `table|id` by group id */
  readonly groups = new Map<string, Set<string>>();
  readonly violations: Violation[] = [];
  /** how often something worth trying happened */
  readonly seen = new Map<string, number>();
  readonly #given = new Set<Stamp>();
  readonly #stamps = new Map<string, DeviceStamps>();

  count(what: string, times = 1): void {
    this.seen.set(what, (this.seen.get(what) ?? 0) + times);
  }
  violated(oracle: OracleName, detail: string): void {
    this.violations.push({ oracle, detail });
  }

  /** Undo brings stamps of its own, and so does the server when it rewrites some: the exceptions to rising stamps. */
  given(stamp: Stamp): void {
    this.#given.add(stamp);
  }
  refusedHere(code: string): void {
    this.count(`refused where it was written: ${code}`);
  }
  renoded(device: string): void {
    this.violated('own-client-id', `${device} took a new client id although nobody cloned it`);
  }

  /** What a transaction put into the outbox of a device. */
  queued(device: string, ops: readonly Op[]): void {
    const stamps = this.#stampsOf(device);
    let greatest = stamps.greatest;
    for (const op of ops) {
      const key = `${op.table}|${op.id}`;
      if (op.group !== undefined) {
        const group = this.groups.get(op.group) ?? new Set();
        this.groups.set(op.group, group.add(key));
      }
      for (const [field, , stamp, replaced] of cellsOf(op)) {
        const cellKey = `${key}|${field}|${stamp}`;
        if (this.cells.has(cellKey)) continue;
        const { table, id } = op;
        const order = this.cells.size;
        const group = op.group ?? null;
        this.cells.set(cellKey, { device, table, id, field, stamp, group, order, fate: null, taken: stamp });
        if (this.#given.has(stamp)) continue;
        if (stamp <= stamps.greatest) {
          this.violated('stamps-rise', `${device} wrote ${cellKey} after it had written ${stamps.greatest}`);
        }
        if (replaced !== undefined && stamp <= replaced) {
          this.violated('stamps-rise', `${device} wrote ${cellKey} over the later ${replaced}`);
        }
        if (stamp > greatest) greatest = stamp;
      }
    }
    stamps.greatest = greatest;
  }

  /** An answer that a device is about to store. */
  answered(
    device: string,
    ops: readonly Op[],
    reply: { readonly results: readonly OpVerdict[]; readonly restamped: Readonly<Record<Stamp, Stamp>> },
  ): void {
    const stamps = this.#stampsOf(device);
    this.count('restamped', Object.keys(reply.restamped).length);
    // an undo that waits may carry the very stamp of another cell, and then gets the new one with it
    for (const stamp of Object.values(reply.restamped)) this.#given.add(stamp);
    for (const [index, op] of ops.entries()) {
      const verdict = reply.results[index];
      const fate = verdict?.status === 'ok' ? 'ok' : (verdict?.code ?? 'unanswered');
      if (fate !== 'ok') this.count(`refused: ${fate}`);
      this.count('conflicts', verdict?.conflicts?.length ?? 0);
      this.count('lost to a later write', verdict?.lost?.length ?? 0);
      for (const [field, , stamp] of cellsOf(op)) {
        const written = this.cells.get(`${op.table}|${op.id}|${field}|${stamp}`);
        if (written === undefined) continue;
        written.fate = fate;
        written.taken = reply.restamped[stamp] ?? stamp;
        if (fate === 'ok' && written.taken > stamps.accepted) stamps.accepted = written.taken;
      }
    }
  }

  /** After an answer was stored the clock may fall back to what the server took and what still waits. */
  settled(device: string, waiting: readonly Op[]): void {
    const stamps = this.#stampsOf(device);
    let greatest = stamps.accepted;
    for (const op of waiting) for (const [, , stamp] of cellsOf(op)) if (stamp > greatest) greatest = stamp;
    stamps.greatest = greatest;
  }

  #stampsOf(device: string): DeviceStamps {
    const known = this.#stamps.get(device) ?? { greatest: '', accepted: '' };
    this.#stamps.set(device, known);
    return known;
  }
}
