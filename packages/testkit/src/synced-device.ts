import type { Result } from '@manara/kernel/result';
import type { LocalDb } from '@manara/local-db/open-local-db';
import { DexieSyncStore } from '@manara/local-db/sync-store';
import { Exchange } from '@manara/sync-client/exchange';
import type { SyncFault } from '@manara/sync-client/fault';
import type { TableDef } from '@manara/sync-core/define-table';
import { type FakeDevice, fakeDevice } from './fake-device.ts';
import type { FakeSyncServer } from './fake-sync-server.ts';

export interface SyncedDevice {
  readonly device: FakeDevice;
  readonly db: LocalDb;
  readonly store: DexieSyncStore;
  readonly exchange: Exchange;
  /** the last skew that an answer showed */
  skewMs: number;
  /** one whole round with the server */
  sync(): Promise<Result<void, SyncFault>>;
}

/** A device with an account's copy on it, the real store and the real exchange. */
export async function syncedDevice(
  server: FakeSyncServer,
  options: { readonly clientId?: string; readonly tables?: readonly TableDef[]; readonly device?: FakeDevice } = {},
): Promise<SyncedDevice> {
  const { device = fakeDevice(), ...open } = options;
  const db = await device.open(open);
  const store = new DexieSyncStore(db);
  const synced: SyncedDevice = {
    device,
    db,
    store,
    skewMs: 0,
    exchange: new Exchange({
      store,
      transport: server.transport(),
      clock: { wall: () => device.now, mono: () => 0 },
      onSkew: (skewMs) => {
        synced.skewMs = skewMs;
      },
    }),
    sync: () => synced.exchange.round(new AbortController().signal),
  };
  return synced;
}
