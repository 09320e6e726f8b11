// Makes eslint configuration from the table in boundaries.ts: what a unit imports, and what of its surroundings it touches.
import type { Linter } from 'eslint';
import { allowedUnits, ambience, seamFiles, testFiles, type Unit, units } from './boundaries.ts';

const extensions = '{ts,svelte,js}';

/** eslint globs of a unit's files. */
export function unitGlobs(unit: Unit): string[] {
  return unit.paths.map((path) => (path.endsWith('.ts') ? path : `${path}/**/*.${extensions}`));
}

/** `@manara/<package>` or `@manara/<package>/<folder>`: how other packages name the unit's files. */
function specifierOf(unit: Unit): string {
  return `@manara/${unit.name.split('/')[0]}`;
}

function specifierPattern(name: string): string {
  const body = name.replaceAll('.', '\\.').replaceAll('$', '\\$');
  if (name.endsWith('/*')) return body.slice(0, -1);
  // `zod/mini` is one entry point; of `hono` or `svelte` every subpath may be used.
  return /^[^@/][^/]*\/|^@[^/]+\/[^/]+\//.test(name) ? `${body}$` : `${body}(?:/|$)`;
}

/** What the specifiers of a unit's imports must look like; everything else is an error. */
function importPatterns(unit: Unit): object[] {
  const patterns: object[] = [
    { regex: '^\\.{1,2}/.*\\.js$', message: 'A relative import names the file as it is: .ts' },
    { regex: '^\\.{1,2}/.*[^/.]/?(?<!\\.[a-z]+)$', message: 'A relative import carries its extension.' },
  ];
  if (unit.npm.includes('*')) return patterns;
  const others = allowedUnits(unit).filter((other) => other !== unit && specifierOf(other) !== specifierOf(unit));
  const own = unit.units.filter(
    (name) => name.startsWith(`${unit.name.split('/')[0]}/`) || unit.name.startsWith(`${name}/`),
  );
  const names = [...others.map(specifierOf), ...own.map(() => specifierOf(unit)), ...unit.npm];
  const allowed = ['\\.{1,2}/', '#', ...names.map(specifierPattern), ...(unit.node === 'all' ? ['node:'] : [])];
  patterns.push({
    regex: `^(?!${[...new Set(allowed)].join('|')})`,
    message: `${unit.name} may import: ${unit.words}`,
  });
  return patterns;
}

function importRule(unit: Unit, seam: boolean): Linter.RuleEntry {
  const guarded = unit.ambience !== 'free' && !seam && unit.node === 'all';
  const paths = guarded
    ? ambience.nodeImports.map(([name, importNames]) => ({
        name,
        message: 'Clock, chance and timers are arguments; only seam files take them from Node.',
        ...(importNames.length > 0 ? { importNames: [...importNames] } : {}),
      }))
    : [];
  return ['error', { paths, patterns: importPatterns(unit) }];
}

/** Rules that forbid the ambient clock, chance, timers, crypto and network. */
function ambienceRules(unit: Unit): Linter.RulesRecord {
  const pure = unit.ambience === 'pure';
  const names: readonly string[] = pure ? ambience.pureGlobals : ambience.seamGlobals;
  const message = `${unit.name} is given this as an argument (tools/boundaries.ts names the seam files).`;
  const globals = names.map((name) => ({ name, message }));
  return {
    'no-restricted-globals': ['error', { globals, checkGlobalObject: true, globalObjects: ['window', 'self'] }],
    'no-restricted-properties': [
      'error',
      ...ambience.properties.map(([object, property]) => ({ object, property, message })),
    ],
    'no-restricted-syntax': [
      'error',
      { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message },
      { selector: "CallExpression[callee.name='Date']", message },
    ],
  };
}

/** One configuration block a unit, in an order in which the owner of a nested folder comes last and so wins. */
export function boundaryConfigs(): Linter.Config[] {
  return [...units].reverse().flatMap((unit): Linter.Config[] => {
    const files = unitGlobs(unit);
    const blocks: Linter.Config[] = [
      {
        name: `boundaries/${unit.name}`,
        files,
        ignores: [...testFiles],
        rules: { 'no-restricted-imports': importRule(unit, false) },
      },
    ];
    if (unit.ambience === 'free') {
      blocks[0] = { ...blocks[0], rules: { ...blocks[0]?.rules, ...noAmbience } };
      return blocks;
    }
    blocks.push({ name: `ambience/${unit.name}`, files, ignores: [...testFiles], rules: ambienceRules(unit) });
    if (unit.ambience === 'seams') {
      const rules: Linter.RulesRecord = { ...noAmbience, 'no-restricted-imports': importRule(unit, true) };
      blocks.push({ name: `seams/${unit.name}`, files: seamsOf(unit), ignores: [...testFiles], rules });
    }
    return blocks;
  });
}

/** Takes back what an outer unit forbade for files of a nested one (modules/ui lies inside modules). */
const noAmbience: Linter.RulesRecord = {
  'no-restricted-globals': 'off',
  'no-restricted-properties': 'off',
  'no-restricted-syntax': 'off',
};

function seamsOf(unit: Unit): string[] {
  const folders = unit.paths.filter((path) => !path.endsWith('.ts'));
  return folders.flatMap((folder) =>
    seamFiles.flatMap((glob) => {
      if (glob.startsWith('**/')) return [`${folder}/${glob}`];
      return glob.startsWith(`${folder}/`) ? [glob] : [];
    }),
  );
}
