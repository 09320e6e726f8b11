import postgres from 'postgres';
import type { EngineData } from './embedded/engine-thread.ts';
import { openEmbedded } from './embedded/open-embedded.ts';
import { scheduleVacuum } from './embedded/vacuum.ts';
import { guardPool } from './transaction-guard.ts';

/** Custom types of every handle: int8 is parsed once, here, into a number. */
type ParsedTypes = { int8: number };
export type Sql = postgres.Sql<ParsedTypes>;
/** The handle inside a transaction. */
export type Tx = postgres.TransactionSql<ParsedTypes>;

export type DatabaseConfig =
  | { kind: 'postgres'; url: string; poolMax?: number }
  /** `dataDir` null keeps everything in memory. The caller holds the folder's lock (`folder-lock.ts`). */
  | ({ kind: 'embedded'; onMaintenanceError?: (error: unknown) => void } & EngineData);

export type Database = {
  kind: 'postgres' | 'embedded';
  /** Single statements as the session's own user (auth library, probes). Tenant data needs `inTransaction`. */
  sql: Sql;
  /** For `in-transaction.ts` alone. */
  pool: Sql;
  /** Embedded only: a tar of the data, to start other in-memory databases from. Only while no query runs. */
  snapshot?: () => Promise<Uint8Array>;
  close(): Promise<void>;
};

const POOL_MAX = 10;
/** Connections to the embedded engine cost nothing; several let its multiplexer see who waits. */
const EMBEDDED_POOL_MAX = 10;
const CLOSE_TIMEOUT_S = 1;

const OPTIONS = {
  types: {
    int8: { to: 20, from: [20], parse: parseInt8, serialize: (value: number) => String(value) },
  },
  onnotice: () => {},
};

/** Opens the database. Connections are made on first use; the embedded engine starts at once. */
export async function openDatabase(config: DatabaseConfig): Promise<Database> {
  return config.kind === 'postgres'
    ? openPostgres(config.url, config.poolMax ?? POOL_MAX)
    : openEmbeddedDatabase(config);
}

function openPostgres(url: string, poolMax: number): Database {
  const pool = postgres(url, {
    ...OPTIONS,
    max: poolMax,
    connect_timeout: 10,
    connection: { application_name: 'manara' },
  });
  return {
    kind: 'postgres',
    sql: guardPool(pool),
    pool,
    close: () => pool.end({ timeout: CLOSE_TIMEOUT_S }),
  };
}

async function openEmbeddedDatabase({
  kind: _kind,
  onMaintenanceError,
  ...data
}: Extract<DatabaseConfig, { kind: 'embedded' }>): Promise<Database> {
  const engine = await openEmbedded(data);
  const options: postgres.Options<ParsedTypesConfig> & { socket: () => unknown } = {
    ...OPTIONS,
    max: EMBEDDED_POOL_MAX,
    ssl: false,
    max_lifetime: null,
    socket: engine.connect,
  };
  const pool = postgres('postgres://postgres@embedded/postgres', options);
  const stopVacuum = scheduleVacuum(pool, engine.multiplexer, onMaintenanceError ?? (() => {}));
  return {
    kind: 'embedded',
    sql: guardPool(pool),
    pool,
    snapshot: engine.snapshot,
    close: async () => {
      stopVacuum();
      await pool.end({ timeout: CLOSE_TIMEOUT_S });
      await engine.close();
    },
  };
}

type ParsedTypesConfig = { int8: postgres.PostgresType<number> };

/** Counters and clocks fit a double; a value that does not is a bug, not something to round. */
function parseInt8(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new Error(`int8 out of the safe range: ${text}`);
  return value;
}
