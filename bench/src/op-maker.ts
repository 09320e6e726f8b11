import type { Actor } from '@manara/sync-core/actor';
import { newClock, tick } from '@manara/sync-core/clock';
import type { Op, WireCell } from '@manara/sync-core/wire-op';
import type { Write } from '@manara/sync-core/write';

/** Turns writes into ops as a client's write door stamps them. */
export function opMaker(of: { readonly space: string; readonly client: string; readonly actor: Actor }) {
  let clock = newClock(of.client);
  return (write: Write): Op => {
    const ticked = tick(clock, Date.now());
    clock = ticked.clock;
    const cells = Object.entries(write.set ?? {}).map(([name, value]): [string, WireCell] => [
      name,
      [value, ticked.stamp],
    ]);
    return { space: of.space, table: write.table, id: write.id, fields: Object.fromEntries(cells), actor: of.actor };
  };
}
