import { type IngestPlan, planIngest } from '@manara/db/ingest/plan-ingest';
import { tables } from '@manara/modules/registry';
import type { TransportReply } from '@manara/sync-client/ports';
import type { Cells } from '@manara/sync-core/record';
import type { Batch, Op } from '@manara/sync-core/wire-op';
import { FakeSyncServer } from '../fake-sync-server.ts';
import type { Canary } from './canaries.ts';

/** One accepted op, as the server's log keeps it. */
export type LogEntry = IngestPlan['log'][number];

/** The server as the network and the oracles see it. Requests are carried out one at a time. */
export interface SimServer {
  readonly space: string;
  readonly account: string;
  /** the greatest sequence number, as last seen */
  readonly head: number;
  handle(path: string, body: Record<string, unknown>, nowMs: number): Promise<TransportReply>;
  /** the runner's write, in a transaction of its own */
  writeAsSystem(client: string, ops: readonly Op[], nowMs: number): Promise<void>;
  /** every accepted op, in order */
  log(): Promise<readonly LogEntry[]>;
  /** by `table|id` */
  records(): Promise<ReadonlyMap<string, { readonly cells: Cells; readonly seq: number }>>;
  /** the same at once, where the server lies in memory; null elsewhere */
  peek(): ReadonlyMap<string, { readonly cells: Cells; readonly seq: number }> | null;
}

const SPACE = '00000000-0000-4000-8000-00000000000a';
const ACCOUNT = '5eed0000-0000-4000-8000-0000000000ad';

/** The protocol on memory with the real ingest plan. */
export class MemorySimServer implements SimServer {
  readonly space = SPACE;
  readonly account = ACCOUNT;
  readonly #server: FakeSyncServer;
  readonly #log: LogEntry[] = [];
  readonly #canary: Canary | null;
  readonly #lastSeq = new Map<string, number>();

  constructor(canary: Canary | null) {
    this.#canary = canary;
    this.#server = new FakeSyncServer({
      space: SPACE,
      userId: ACCOUNT,
      tables,
      plan: (input) => {
        const plan: IngestPlan = planIngest(canary?.planInput?.(input) ?? input);
        const planned = canary?.plan?.(plan) ?? plan;
        this.#log.push(...planned.log);
        return planned;
      },
    });
  }

  get head(): number {
    return this.#server.head;
  }

  async handle(path: string, body: Record<string, unknown>, nowMs: number): Promise<TransportReply> {
    this.#server.nowMs = nowMs;
    if (path === '/v1/sync/push' && this.#canary?.repeatsBatches) this.#repeat(body);
    const reply = this.#server.answer(path, body);
    return this.#canary?.reply?.(path, reply) ?? reply;
  }

  async writeAsSystem(client: string, ops: readonly Op[], nowMs: number): Promise<void> {
    this.#server.nowMs = nowMs;
    this.#server.write(ops, { kind: 'system', client });
  }

  async log(): Promise<readonly LogEntry[]> {
    return this.#log;
  }
  async records() {
    return this.peek();
  }
  peek() {
    return this.#server.records();
  }

  /** The canary that knows no batch numbers: what was applied is applied once more. */
  #repeat(body: Record<string, unknown>): void {
    const client = String(body.client);
    const batch = body.batch as Batch;
    if (this.#lastSeq.get(client) === batch.seq) {
      this.#server.write(batch.ops, { kind: 'account', userId: ACCOUNT, client, mayRecover: false });
    }
    this.#lastSeq.set(client, batch.seq);
  }
}
