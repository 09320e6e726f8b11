import type { Actor } from '@manara/sync-core/actor';
import { newClock, observe, tick } from '@manara/sync-core/clock';
import type { Stamp } from '@manara/sync-core/stamp';
import type { Op, WireCell } from '@manara/sync-core/wire-op';
import type { Write } from '@manara/sync-core/write';

/** The runner as a client: its own node and clock, one for the life of the process. */
export interface RunnerStamper {
  /** 16 hex digits, drawn anew at every start */
  readonly client: string;
  /** Moves past stamps that were read, so that what is written next wins over them. */
  observe(stamps: Iterable<Stamp>): void;
  /** Each inner list is one op group: accepted whole or refused whole. */
  toOps(groups: readonly (readonly Write[])[], write: StampedWrite): Op[];
}

export interface StampedWrite {
  readonly space: string;
  /** who, where a write does not say it itself */
  readonly actor: Actor;
  readonly nowMs: number;
  newId(): string;
}

export function createStamper(client: string): RunnerStamper {
  let clock = newClock(client);

  function next(nowMs: number): Stamp {
    const ticked = tick(clock, nowMs);
    clock = ticked.clock;
    return ticked.stamp;
  }

  function toOp(write: Write, group: string | undefined, { space, actor, nowMs }: StampedWrite): Op {
    const cell = (name: string, value: WireCell[0]): WireCell => [value, write.stamps?.[name] ?? next(nowMs)];
    const fields = Object.entries(write.set ?? {}).map(([name, value]) => [name, cell(name, value)] as const);
    return {
      space,
      table: write.table,
      id: write.id,
      ...(group === undefined ? {} : { group }),
      ...(fields.length === 0 ? {} : { fields: Object.fromEntries(fields) }),
      ...(write.deleted === undefined ? {} : { deleted: cell('$deleted', write.deleted) }),
      actor: write.actor ?? actor,
    };
  }

  return {
    client,
    observe: (stamps) => {
      for (const stamp of stamps) clock = observe(clock, stamp);
    },
    toOps: (groups, write) =>
      groups.flatMap((group) => {
        const id = group.length > 1 ? write.newId() : undefined;
        return group.map((one) => toOp(one, id, write));
      }),
  };
}
