import { proposalIdOf } from '@manara/shared-ai/derived-ids';
import { STAGED_TABLES, stageChanged, stageSteps } from '@manara/shared-ai/stage';
import { steps } from '@manara/shared-ai/tables/plans';
import type { Tool } from '@manara/shared-ai/tool';
import type { Cells } from '@manara/sync-core/record';
import type { Database } from './database.ts';
import { DexieReader } from './dexie-reader.ts';

export interface Changed {
  readonly table: string;
  readonly id: string;
  /** the cells that are gone, when the record was removed */
  readonly removed?: Cells;
}

/** Stores that a transaction must name besides its own when it touches these tables. */
export function stagingStores(database: Database, touched: readonly string[]): string[] {
  if (!touched.some((table) => STAGED_TABLES.has(table))) return [];
  return ['$proposals', ...[...STAGED_TABLES].filter((table) => database.byName.has(table))];
}

/** Keeps the derived proposals in step with the rows, inside the transaction that changes these. */
export class Stager {
  readonly #database: Database;
  readonly #reader: DexieReader;
  readonly #tools: ReadonlyMap<string, Tool>;

  constructor(database: Database, tools: ReadonlyMap<string, Tool>) {
    this.#database = database;
    this.#reader = new DexieReader(database);
    this.#tools = tools;
  }

  async restage(changes: readonly Changed[]): Promise<void> {
    const changed = changes.filter(({ table }) => STAGED_TABLES.has(table) && this.#database.byName.has(table));
    if (changed.length === 0) return;
    // a decision or an execution that is gone still names its step
    const orphaned = changed.flatMap(({ removed }) => {
      const stepId = removed?.['stepId']?.value;
      return typeof stepId === 'string' ? [{ table: steps.name, id: stepId }] : [];
    });
    const gone = changed.filter(({ table, removed }) => table === steps.name && removed !== undefined);
    if (gone.length > 0) await this.#database.proposals.bulkDelete(gone.map(({ id }) => proposalIdOf(id)));
    const proposals = await stageChanged(this.#reader, this.#tools, [...changed, ...orphaned]);
    if (proposals.length > 0) await this.#database.proposals.bulkPut([...proposals]);
  }

  /** All of them anew: after an upgrade that brought other tools, or when the copy was replaced. */
  async restageAll(): Promise<void> {
    if (!this.#database.byName.has(steps.name)) return;
    const ids = await this.#database.rows(steps.name).toCollection().primaryKeys();
    const proposals = await stageSteps(this.#reader, this.#tools, ids);
    await this.#database.proposals.clear();
    await this.#database.proposals.bulkPut([...proposals]);
  }
}
