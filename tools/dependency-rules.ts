// Who may import whom is the table in tools/boundaries.ts; here it becomes rules, plus the few that are not about packages.
import type { DependencyType, IConfiguration, IForbiddenRuleType } from 'dependency-cruiser';
import { allowedUnits, pathPattern, testFiles, type Unit, units } from './boundaries.ts';

/** The globs of `testFiles`, for paths that have no `**` but a folder in front. */
const tests = testFiles.map(globPattern).join('|');
const own = '^(apps|packages|services|bench|tools)/';
const npmKinds: DependencyType[] = ['npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-no-pkg', 'npm-unknown'];

/** Where running programs begin; a file that none of them reaches is dead. */
const entries = [
  '^(services/[^/]+|bench)/src/main\\.ts$',
  '^apps/web/src/(routes|service-worker)/',
  '^apps/web/src/(hooks|app)[^/]*$',
  '^apps/web/[^/]+\\.config\\.ts$',
  '^tools/[^/]+$',
  '^packages/testkit/src/',
  // Threads are started by URL.
  '-worker\\.ts$',
];
const notReached = [...entries, tests, '\\.d\\.ts$', '\\.config\\.ts$', '^apps/web/e2e/'];

function globPattern(glob: string): string {
  const body = glob
    .replace(/^\*\*\//, '')
    .replace(/\/\*\*$/, '/')
    .replaceAll('.', '\\.')
    .replaceAll('*', '[^/]*');
  return body.endsWith('/') ? `/${body}` : `/${body}$`;
}

const sources = (unit: Unit): string[] => unit.paths.map((path) => `^${pathPattern(path)}`);
/** Files of an earlier unit that lie inside this one's folders (modules/ui inside modules) follow the earlier one's rule. */
const earlier = (unit: Unit): string[] => units.slice(0, units.indexOf(unit)).flatMap(sources);

function rulesOf(unit: Unit): IForbiddenRuleType[] {
  const from = { path: sources(unit), pathNot: [tests, ...earlier(unit)] };
  const allowed = allowedUnits(unit);
  // A forbidden unit's folder may lie inside an allowed one's (modules/ui inside modules).
  const nested = units.filter((other) => !allowed.includes(other)).flatMap(sources);
  const inside = nested.filter((path) =>
    allowed.some((other) => sources(other).some((outer) => path.startsWith(outer))),
  );
  const forbidden: IForbiddenRuleType[] = [
    {
      name: `${unit.name}: other packages`,
      severity: 'error',
      comment: `${unit.name} may import: ${unit.words}`,
      from,
      to: { path: own, pathNot: allowed.flatMap(sources) },
    },
  ];
  if (inside.length > 0) {
    forbidden.push({ name: `${unit.name}: inner folders`, severity: 'error', from, to: { path: inside } });
  }
  if (!unit.npm.includes('*')) {
    const packages = unit.npm.map((name) => name.replace(/^zod\/mini$/, 'zod').replace(/\*$/, ''));
    const pathNot = packages.map((name) => `(^|/)node_modules/${name}${name.endsWith('/') ? '' : '/'}`);
    forbidden.push({
      name: `${unit.name}: npm`,
      severity: 'error',
      from,
      to: { dependencyTypes: npmKinds, pathNot: [own, ...pathNot] },
    });
  }
  if (unit.node === 'none') {
    forbidden.push({ name: `${unit.name}: no Node`, severity: 'error', from, to: { dependencyTypes: ['core'] } });
  }
  return forbidden;
}

/** Everything dependency-cruiser is told. */
export const dependencyRules: IConfiguration = {
  forbidden: [
    ...units.flatMap(rulesOf),
    // A component that shows itself (a tree) is no cycle.
    { name: 'no-circular', severity: 'error', from: { path: '^(.+)$' }, to: { circular: true, pathNot: '^$1$' } },
    {
      name: 'no-dead-file',
      severity: 'error',
      comment: 'Nothing that runs reaches this file',
      from: { path: entries, pathNot: tests },
      to: { path: '^(apps|packages|services|bench|tools)/.*\\.(ts|svelte)$', pathNot: notReached, reachable: false },
    },
    {
      name: 'modules-meet-at-the-door',
      severity: 'error',
      comment: 'Another module only through its module.ts or queries.ts',
      from: { path: '^packages/modules/src/([^/]+)/', pathNot: tests },
      to: {
        path: '^packages/modules/src/[^/]+/',
        pathNot: ['^packages/modules/src/$1/', '^packages/modules/src/[^/]+/(module|queries)\\.ts$'],
      },
    },
    {
      name: 'local-db-knows-only-ports',
      severity: 'error',
      comment: 'Of sync-client only the store port',
      from: { path: '^packages/local-db/src/', pathNot: tests },
      to: { path: '^packages/sync-client/src/', pathNot: '^packages/sync-client/src/([^/]*ports?)\\.ts$' },
    },
    {
      name: 'no-unresolvable',
      severity: 'error',
      from: {},
      // SvelteKit makes $app/* while it builds.
      to: { couldNotResolve: true, pathNot: '^(\\$app/|virtual:)|\\?(raw|url|worker)$' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(build|\\.svelte-kit|\\.svelte-check|toolchain)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'svelte', 'style'],
      extensions: ['.ts', '.js', '.mjs', '.svelte'],
    },
  },
};
