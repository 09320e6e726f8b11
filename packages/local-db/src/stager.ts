import { proposalIdOf } from '@manara/shared-ai/derived-ids';
import { STAGED_TABLES, stageChanged, stageSteps } from '@manara/shared-ai/stage';
import { steps } from '@manara/shared-ai/tables/plans';
import type { Tool } from '@manara/shared-ai/tool';
import type { Cells } from '@manara/sync-core/record';
import type { Stores } from './database.ts';
import { DexieReader } from './dexie-reader.ts';

export interface Changed {
  readonly table: string;
  readonly id: string;
  /** the cells that are gone, when the record was removed */
  readonly removed?: Cells;
}

/** Stores that a transaction must name besides its own when it touches these tables. */
export function stagingStores(stores: Stores, touched: readonly string[]): string[] {
  if (!touched.some((table) => STAGED_TABLES.has(table))) return [];
  return ['$proposals', ...[...STAGED_TABLES].filter((table) => stores.byName.has(table))];
}

/** Keeps the derived proposals in step with the rows, inside the transaction that changes these. */
export class Stager {
  readonly #tools: ReadonlyMap<string, Tool>;

  constructor(tools: ReadonlyMap<string, Tool>) {
    this.#tools = tools;
  }

  async restage(stores: Stores, changes: readonly Changed[]): Promise<void> {
    const changed = changes.filter(({ table }) => STAGED_TABLES.has(table) && stores.byName.has(table));
    if (changed.length === 0) return;
    // a decision or an execution that is gone still names its step
    const orphaned = changed.flatMap(({ removed }) => {
      const stepId = removed?.stepId?.value;
      return typeof stepId === 'string' ? [{ table: steps.name, id: stepId }] : [];
    });
    const gone = changed.filter(({ table, removed }) => table === steps.name && removed !== undefined);
    if (gone.length > 0) await stores.proposals.bulkDelete(gone.map(({ id }) => proposalIdOf(id)));
    const proposals = await stageChanged(new DexieReader(stores), this.#tools, [...changed, ...orphaned]);
    if (proposals.length > 0) await stores.proposals.bulkPut([...proposals]);
  }

  /** All of them anew: after an upgrade that brought other tools, or when the copy was replaced. */
  async restageAll(stores: Stores): Promise<void> {
    if (!stores.byName.has(steps.name)) return;
    const ids = await stores.rows(steps.name).toCollection().primaryKeys();
    const proposals = await stageSteps(new DexieReader(stores), this.#tools, ids);
    await stores.proposals.clear();
    await stores.proposals.bulkPut([...proposals]);
  }
}
