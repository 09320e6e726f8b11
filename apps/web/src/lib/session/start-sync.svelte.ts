import type { LocalDb } from '@manara/local-db/open-local-db';
import { DexieSyncStore } from '@manara/local-db/sync-store';
import type { RunEvent } from '@manara/protocol/live';
import { createSyncEngine } from '@manara/sync-client/engine';
import { httpTransport } from '@manara/sync-client/http-transport';
import { browserPorts } from '@manara/sync-client/seams';
import { INITIAL_STATUS, type SyncStatus } from '@manara/sync-client/sync-status';
import type { Seams } from './seams.ts';

export interface SyncListener {
  /** the server tells what it is doing with a mission */
  readonly onrun: (event: RunEvent) => void;
  /** the server answers, for the first time or again */
  readonly onconnect: () => void;
}

/** A running sync engine as the session sees it. */
export class SyncHandle {
  /** what the engine last said; in a tab that does not lead, what the leading one said */
  status: SyncStatus = $state.raw(INITIAL_STATUS);
  readonly kick: () => void;
  readonly stop: () => Promise<void>;
  /** ms since 1970 since when no server answers; null while one does */
  #awaySince: number | null;
  readonly #nowMs: () => number;

  readonly #onconnect: () => void;

  constructor(db: LocalDb, seams: Seams, listener: SyncListener) {
    this.#onconnect = listener.onconnect;
    const { peers, ...ports } = browserPorts();
    const transport = httpTransport({
      baseUrl: '',
      fetch: seams.fetch,
      timers: ports.timers,
    });
    const engine = createSyncEngine({
      ...ports,
      peers: peers(db.name),
      store: new DexieSyncStore(db),
      transport,
      name: db.name,
      onRun: listener.onrun,
    });
    this.#nowMs = seams.nowMs;
    this.#awaySince = seams.nowMs();
    const unsubscribe = engine.subscribe((status) => this.#hear(status));
    const kick = (): void => engine.kick();
    const seen = (): void => {
      if (document.visibilityState === 'visible') engine.kick();
    };
    addEventListener('online', kick);
    document.addEventListener('visibilitychange', seen);
    const running = engine.run().catch((error: unknown) => console.error(error));
    this.kick = kick;
    this.stop = async () => {
      removeEventListener('online', kick);
      document.removeEventListener('visibilitychange', seen);
      unsubscribe();
      engine.stop();
      await running;
    };
  }

  /** How long no server has answered, in milliseconds; 0 while one does. */
  get awayMs(): number {
    return this.#awaySince === null ? 0 : this.#nowMs() - this.#awaySince;
  }

  #hear(status: SyncStatus): void {
    const answered = status.lastSyncAt !== null && status.lastSyncAt !== this.status.lastSyncAt;
    this.status = status;
    if (answered && this.#awaySince !== null) {
      this.#awaySince = null;
      this.#onconnect();
    }
    if (status.state === 'offline' || status.signedOut || status.problem !== null) this.#awaySince ??= this.#nowMs();
  }
}
