// Who may import whom: the one table from which the dependency-cruiser rules and the eslint import and ambience rules are
// made. It says the same as the table in docs/architecture.md; a test compares the two.

/** One area of the repository and everything that its own files (tests aside) may import. */
export interface Unit {
  readonly name: string;
  /** Folders or single files, relative to the root; `*` stands for one folder. The first unit that holds a file owns it. */
  readonly paths: readonly string[];
  /** Other units whose files may be imported, by name. Its own files always may. */
  readonly units: readonly string[];
  /** Packages from npm, by the specifier they are imported with; `zod/mini` does not allow plain `zod`. */
  readonly npm: readonly string[];
  /** Node's own modules. */
  readonly node: 'none' | 'all';
  /** What of its surroundings the code may reach for: see `ambience` below. */
  readonly ambience: 'pure' | 'seams' | 'free';
  /** How docs/architecture.md says it, one cell of the table there. */
  readonly words: string;
}

const pureCore = ['kernel', 'sync-core'];

export const units: readonly Unit[] = [
  {
    name: 'kernel',
    paths: ['packages/kernel/src'],
    units: [],
    npm: ['@noble/hashes'],
    node: 'none',
    ambience: 'pure',
    words: '@noble/hashes',
  },
  {
    name: 'sync-core',
    paths: ['packages/sync-core/src'],
    units: ['kernel'],
    npm: ['zod/mini'],
    node: 'none',
    ambience: 'pure',
    words: 'kernel, zod/mini',
  },
  {
    name: 'protocol',
    paths: ['packages/protocol/src'],
    units: pureCore,
    npm: ['zod/mini'],
    node: 'none',
    ambience: 'pure',
    words: 'kernel, sync-core, zod/mini',
  },
  {
    name: 'shared-ai',
    paths: ['packages/shared-ai/src'],
    units: pureCore,
    npm: ['zod/mini', 'jsonrepair', 'rrule-temporal', 'temporal-polyfill'],
    node: 'none',
    ambience: 'pure',
    words: 'kernel, sync-core, zod/mini, jsonrepair, rrule-temporal, temporal-polyfill',
  },
  {
    name: 'modules/ui',
    paths: ['packages/modules/src/*/ui'],
    units: ['modules', 'ui', 'local-db/svelte'],
    npm: ['svelte', '@lucide/svelte'],
    node: 'none',
    ambience: 'free',
    words:
      'its own module, ui, local-db/svelte, svelte, icons; another module only through its `module.ts` or `queries.ts`',
  },
  {
    name: 'modules',
    paths: ['packages/modules/src'],
    units: ['kernel', 'sync-core', 'shared-ai'],
    npm: ['zod/mini', 'fractional-indexing'],
    node: 'none',
    ambience: 'pure',
    words: 'kernel, sync-core, shared-ai, zod/mini, fractional-indexing',
  },
  {
    name: 'sync-client',
    paths: ['packages/sync-client/src'],
    units: ['kernel', 'sync-core', 'protocol'],
    npm: [],
    node: 'none',
    ambience: 'seams',
    words: 'kernel, sync-core, protocol',
  },
  {
    name: 'local-db/svelte',
    paths: ['packages/local-db/src/svelte'],
    units: ['local-db', 'kernel', 'sync-core', 'shared-ai'],
    npm: ['dexie', 'svelte'],
    node: 'none',
    ambience: 'seams',
    words: 'local-db, kernel, sync-core, shared-ai, dexie, svelte',
  },
  {
    name: 'local-db',
    paths: ['packages/local-db/src'],
    units: ['kernel', 'sync-core', 'shared-ai', 'sync-client'],
    npm: ['dexie'],
    node: 'none',
    ambience: 'seams',
    words: 'kernel, sync-core, shared-ai, the ports of sync-client, dexie',
  },
  {
    name: 'ui',
    paths: ['packages/ui/src'],
    units: [],
    npm: ['svelte', '@lucide/svelte', 'marked', 'diff', '@fontsource-variable/*'],
    node: 'none',
    ambience: 'free',
    words: 'svelte, icons, fonts, marked, diff',
  },
  {
    name: 'db',
    paths: ['packages/db/src'],
    units: ['kernel', 'sync-core', 'protocol', 'shared-ai', 'modules'],
    npm: ['zod', 'zod/mini', 'postgres', '@electric-sql/pglite'],
    node: 'all',
    ambience: 'seams',
    words: 'kernel, sync-core, protocol, shared-ai, modules, zod, postgres, PGlite, Node',
  },
  {
    name: 'sync',
    paths: ['services/sync/src'],
    units: ['db', 'protocol', 'shared-ai', 'modules', 'sync-core', 'kernel'],
    npm: [
      'hono',
      '@hono/node-server',
      'zod',
      'zod/mini',
      'pino',
      'prom-client',
      'better-auth',
      '@better-auth/core',
      '@better-auth/utils',
      '@better-fetch/fetch',
      'better-call',
      'kysely',
      'kysely-postgres-js',
    ],
    node: 'all',
    ambience: 'seams',
    words:
      'db, protocol, shared-ai, modules, sync-core, kernel, hono, better-auth and what it needs, zod, pino, prom-client, Node',
  },
  {
    name: 'runner',
    paths: ['services/runner/src'],
    units: ['db', 'protocol', 'shared-ai', 'modules', 'sync-core', 'kernel'],
    npm: ['hono', '@hono/node-server', 'openai', 'zod', 'zod/mini', 'pino', 'prom-client'],
    node: 'all',
    ambience: 'seams',
    words: 'db, protocol, shared-ai, modules, sync-core, kernel, hono, openai, zod, pino, prom-client, Node',
  },
  {
    name: 'solo',
    paths: ['services/solo/src'],
    units: ['sync', 'runner', 'db', 'protocol', 'shared-ai', 'modules', 'sync-core', 'kernel'],
    npm: ['hono', '@hono/node-server', 'pino'],
    node: 'all',
    ambience: 'free',
    words: 'sync, runner and what they may, without openai and better-auth',
  },
  {
    name: 'service-worker',
    paths: ['apps/web/src/service-worker'],
    units: [],
    npm: ['$app/*'],
    node: 'none',
    ambience: 'free',
    words: '$app/*',
  },
  {
    name: 'web',
    paths: ['apps/web/src'],
    units: [
      'kernel',
      'sync-core',
      'protocol',
      'shared-ai',
      'modules',
      'modules/ui',
      'sync-client',
      'local-db',
      'local-db/svelte',
      'ui',
      'service-worker',
    ],
    npm: ['svelte', '@lucide/svelte', 'tailwindcss', '$app/*', '#lib/*', '@sveltejs/kit'],
    node: 'none',
    ambience: 'free',
    words: 'every browser package, svelte, icons; never db or services',
  },
  {
    name: 'testkit',
    paths: ['packages/testkit/src'],
    units: ['*'],
    npm: ['*'],
    node: 'all',
    ambience: 'free',
    words: 'anything; imported by tests, bench and tools only',
  },
  {
    name: 'bench',
    paths: ['bench/src'],
    units: ['*', 'testkit'],
    npm: ['*'],
    node: 'all',
    ambience: 'free',
    words: 'anything',
  },
  {
    name: 'tools',
    paths: ['tools'],
    units: ['testkit'],
    npm: ['*'],
    node: 'all',
    ambience: 'free',
    words: 'testkit, any tool from npm, Node',
  },
];

/**
 * Composition roots and adapters of the outside world: the only files of a `seams` unit that may reach for the clock, chance,
 * timers, `crypto` and `fetch`; everything else is given them as arguments. A unit marked `pure` has no such file.
 */
export const seamFiles: readonly string[] = [
  '**/main.ts',
  '**/seams.ts',
  // The embedded engine: a thread with timeouts of its own.
  'packages/db/src/embedded/**/*.ts',
  // The listening socket, and the auth library's settings.
  'services/sync/src/listen.ts',
  'services/sync/src/auth.ts',
];

/** Tests import what their package lists, `testkit` included, and may use the real clock. */
export const testFiles: readonly string[] = [
  '**/*.test.ts',
  '**/*.e2e.ts',
  '**/e2e/**',
  // What only tests use: the conformance suite's client and server, components around a component.
  '**/conformance/**',
  '**/*Harness.svelte',
];

/** Names of the surroundings, by what they are. The words go into the lint message. */
export const ambience = {
  /** Nothing but language: for `pure` units. */
  pureGlobals: [
    'process',
    'console',
    'fetch',
    'crypto',
    'performance',
    'navigator',
    'window',
    'document',
    'location',
    'localStorage',
    'sessionStorage',
    'indexedDB',
    'setTimeout',
    'setInterval',
    'setImmediate',
    'requestAnimationFrame',
    'Buffer',
  ],
  /** Clock, chance, timers and network: for `seams` units outside the seam files. */
  seamGlobals: ['fetch', 'crypto', 'performance', 'setTimeout', 'setInterval', 'setImmediate', 'requestAnimationFrame'],
  properties: [
    ['Date', 'now'],
    ['Math', 'random'],
    ['Temporal', 'Now'],
  ],
  /** Node's modules that are clocks, chance or timers under another name. */
  nodeImports: [
    ['node:crypto', ['randomUUID', 'randomBytes', 'randomInt', 'getRandomValues', 'webcrypto']],
    ['node:perf_hooks', ['performance']],
    ['node:timers', []],
    ['node:timers/promises', []],
  ] as const,
} as const;

/** A regular expression source for a folder or file of the table. `*` matches one folder's name. */
export function pathPattern(path: string): string {
  const body = path.replace(/[.$]/g, '\\$&').replaceAll('*', '[^/]+');
  return /\.ts$/.test(path) ? `${body}$` : `${body}/`;
}

/** The units that `unit` may import, itself included. */
export function allowedUnits(unit: Unit): readonly Unit[] {
  if (unit.units.includes('*')) return units.filter((other) => other.name !== 'tools');
  return units.filter((other) => other === unit || unit.units.includes(other.name));
}
