import type { SpaceState, StoredRecord } from '@manara/db/ingest/ingest-state';
import { type IngestPlan, type PlanInput, planIngest } from '@manara/db/ingest/plan-ingest';
import { tableByName } from '@manara/modules/registry';
import type { SpaceRole } from '@manara/protocol/me';
import { type Cells, recordKey } from '@manara/sync-core/record';

/** The space that {@link IngestSpace} holds. */
export const INGEST_SPACE_ID = '01936f2c-1a2b-7000-8000-00000000000f';
/** Its wall clock unless told otherwise. */
export const INGEST_NOW_MS = Date.UTC(2026, 10, 20);
const CLIENT = '9f3a1c7e5b2d4f60';

/** The server's ingest on memory: one space, one client, no SQL. */
export class IngestSpace {
  horizon = 0;
  readonly #role: SpaceRole;
  readonly #more: readonly string[];
  readonly #stored = new Map<string, StoredRecord>();
  #seq = 0;
  #serverTimeMs = 0;
  #greatestStamp = '';

  /** `more`: ids of further spaces that may be written; nothing is kept of them. */
  constructor(options: { readonly role?: SpaceRole; readonly more?: readonly string[] } = {}) {
    this.#role = options.role ?? 'owner';
    this.#more = options.more ?? [];
  }

  push(ops: readonly unknown[], options: { readonly wallMs?: number; readonly mayRecover?: boolean } = {}): IngestPlan {
    const { wallMs = INGEST_NOW_MS, mayRecover = false } = options;
    return this.#ingest(ops, wallMs, { kind: 'account', userId: 'user-1', client: CLIENT, mayRecover });
  }

  pushAsSystem(ops: readonly unknown[]): IngestPlan {
    return this.#ingest(ops, INGEST_NOW_MS, { kind: 'system', client: CLIENT });
  }

  cells(table: string, id: string): Cells {
    return this.#stored.get(recordKey({ space: INGEST_SPACE_ID, table, id }))?.cells ?? {};
  }

  #ingest(ops: readonly unknown[], wallMs: number, writer: PlanInput['writer']): IngestPlan {
    const state: SpaceState = {
      role: this.#role,
      seq: this.#seq,
      horizon: this.horizon,
      serverTimeMs: this.#serverTimeMs,
    };
    const plan = planIngest({
      ops,
      writer,
      wallMs,
      spaces: new Map([INGEST_SPACE_ID, ...this.#more].map((space) => [space, state])),
      stored: this.#stored,
      tables: tableByName,
      greatestStamp: this.#greatestStamp,
    });
    for (const record of plan.changed) this.#stored.set(recordKey(record), record);
    this.#seq = plan.heads.get(INGEST_SPACE_ID) ?? this.#seq;
    if (plan.heads.size > 0) this.#serverTimeMs = plan.serverTimeMs;
    this.#greatestStamp = plan.greatestStamp;
    return plan;
  }
}
