import type { JsonObject } from '@manara/kernel/json';
import { tableByName, toolByName } from '@manara/modules/registry';
import { type Rejection, reject, reopen } from '@manara/shared-ai/decide';
import type { Proposal } from '@manara/shared-ai/proposal';
import {
  approve,
  approvePlan,
  editAndApprove,
  executeApproved,
  loadSettlement,
  retry,
  type Settled,
  type Settlement,
} from '@manara/shared-ai/settlement';
import type { RowReader } from '@manara/sync-core/reader';
import type { Write } from '@manara/sync-core/write';

export interface DeskPorts {
  readonly reader: RowReader;
  /** changes when the server finds a cloned profile */
  clientId(): string;
  newId(): string;
  nowMs(): number;
  today(): string;
  /** one op group, by the person; throws when it is refused */
  write(writes: readonly Write[]): Promise<void>;
  /** one at a time, over all tabs: a step that two presses approve must not run twice */
  alone<T>(task: () => Promise<T>): Promise<T>;
}

/** Where a person's decisions on proposals become writes. Every page decides through this one. */
export class ProposalDesk {
  readonly #ports: DeskPorts;

  constructor(ports: DeskPorts) {
    this.#ports = ports;
  }

  /** Approves exactly these and runs them, one op group a step. */
  approve(seen: readonly Proposal[]): Promise<Settled> {
    return this.#settle(seen, (settlement) => approve(settlement, seen));
  }

  /** Approves what one decision covers; what asks by itself is in `left`. */
  approvePlan(seen: readonly Proposal[]): Promise<Settled> {
    return this.#settle(seen, (settlement) => approvePlan(settlement, seen));
  }

  /** Approves with other arguments. Records that only the new arguments name are looked at too. */
  editAndApprove(seen: Proposal, args: JsonObject): Promise<Settled> {
    return this.#settle([{ ...seen, args }], (settlement) => editAndApprove(settlement, seen, args));
  }

  /** Runs again what failed. */
  retry(seen: readonly Proposal[]): Promise<Settled> {
    return this.#settle(seen, (settlement) => retry(settlement, seen));
  }

  /** Runs what was approved and not run, such as by a client that only decides. */
  run(seen: readonly Proposal[]): Promise<Settled> {
    return this.#settle(seen, (settlement) => executeApproved(settlement, seen));
  }

  async reject(seen: Proposal, rejection: Rejection): Promise<void> {
    await this.#ports.write(reject(seen, rejection, this.#context()));
  }

  /** Takes a reject back: the proposal is open again. */
  async reopen(seen: Proposal): Promise<void> {
    await this.#ports.write(reopen(seen, this.#context()));
  }

  #settle(seen: readonly Proposal[], settle: (settlement: Settlement) => Settled): Promise<Settled> {
    return this.#ports.alone(async () => {
      const { reader } = this.#ports;
      const context = { ...this.#context(), tools: toolByName, tables: tableByName, today: this.#ports.today() };
      const settled = settle(await loadSettlement(reader, seen, context));
      for (const group of settled.groups) await this.#ports.write(group);
      return settled;
    });
  }

  #context() {
    return { newId: this.#ports.newId, nowMs: this.#ports.nowMs(), clientId: this.#ports.clientId() };
  }
}
