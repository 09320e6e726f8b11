// What no other tool looks at: links in the docs, commands that the README promises, lockfiles, file names, left-over `.only`, names that
// are found too easily.
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { root } from './run-command.ts';

/** One finding, as `path: what is wrong`. */
export type Finding = string;

/** A repository to check: its files (relative paths) and how to read them. Tests hand in one that exists in memory only. */
export interface Repository {
  readonly files: readonly string[];
  read(path: string): string;
  /** Files and folders alike. */
  has(path: string): boolean;
}

/** Every check of this file, in one list of findings. */
export function checkRepository(repo: Repository): Finding[] {
  return [
    ...docLinks(repo),
    ...readmeCommands(repo),
    ...lockfiles(repo),
    ...leftOver(repo),
    ...looseNames(repo),
    ...names(repo),
    ...packages(repo),
    ...publicFiles(repo),
  ];
}

function slug(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[`*_]/g, '')
    .replace(/[^\p{L}\p{N}\s-]/gu, '')
    .trim()
    .replaceAll(' ', '-');
}

function withoutCode(markdown: string): string {
  return markdown.replace(/^```[\s\S]*?^```/gm, '').replace(/`[^`\n]*`/g, '');
}

/** Relative links and pictures of every markdown file lead to a file, and their anchors to a heading. */
function docLinks(repo: Repository): Finding[] {
  const findings: Finding[] = [];
  for (const path of repo.files.filter((file) => file.endsWith('.md'))) {
    for (const [, target = ''] of withoutCode(repo.read(path)).matchAll(/\]\(\s*<?([^)\s>]+)>?[^)]*\)/g)) {
      if (/^[a-z][a-z0-9+.-]*:/i.test(target)) continue;
      const [file = '', anchor] = target.split('#');
      const linked = file === '' ? path : normalize(join(dirname(path), decodeURI(file))).replaceAll('\\', '/');
      if (!repo.has(linked)) findings.push(`${path}: the link ${target} leads nowhere`);
      else if (anchor && linked.endsWith('.md')) {
        const headings = [...repo.read(linked).matchAll(/^#{1,6}\s+(.+)$/gm)].map(([, text = '']) => slug(text));
        if (!headings.includes(anchor)) findings.push(`${path}: ${linked} has no heading #${anchor}`);
      }
    }
  }
  return findings;
}

/** `npm …` and `node …` in shell blocks of the README are things that exist. */
function readmeCommands(repo: Repository): Finding[] {
  if (!repo.has('README.md')) return ['README.md: there is none'];
  const scripts = Object.keys((JSON.parse(repo.read('package.json')) as { scripts: object }).scripts);
  const findings: Finding[] = [];
  for (const [, block = ''] of repo.read('README.md').matchAll(/^```(?:sh|bash|shell|console)\n([\s\S]*?)^```/gm)) {
    for (const line of block.split('\n').map((text) => text.replace(/^\$\s+/, ''))) {
      const script = /(?:^|\s)npm (?:run )?([a-z][\w:-]*)/.exec(line)?.[1];
      if (script && !['install', 'ci', 'exec', ...scripts].includes(script)) {
        findings.push(`README.md: "${line}": package.json has no script ${script}`);
      }
      const file = /(?:^|\s)node (?!-)(\S+)/.exec(line)?.[1];
      if (file && !repo.has(file)) findings.push(`README.md: "${line}": there is no ${file}`);
    }
  }
  return findings;
}

/** A lockfile that names a registry would send every later install there. */
function lockfiles(repo: Repository): Finding[] {
  const lock = /(^|\/)(pnpm-lock\.yaml|package-lock\.json)$/;
  return repo.files
    .filter((path) => lock.test(path) && /https?:\/\/|"resolved"|tarball:/.test(repo.read(path)))
    .map((path) => `${path}: names where packages come from`);
}

function leftOver(repo: Repository): Finding[] {
  const findings: Finding[] = [];
  for (const path of repo.files.filter((file) => /\.(ts|js|mjs|svelte)$/.test(file))) {
    const lines = repo.read(path).split('\n');
    for (const [index, line] of lines.entries()) {
      const at = `${path}:${index + 1}`;
      if (/\b(test|it|describe|suite|bench)(\.\w+)*\.only\(/.test(line))
        findings.push(`${at}: .only hides every other test`);
      if (/eslint-disable(?!.* -- \S)/.test(line) && !path.startsWith('tools/')) {
        findings.push(`${at}: a disabled rule says why (" -- reason")`);
      }
    }
  }
  return findings;
}

/** Playwright takes a name for a part of one: "Sign out" is also "Sign out there", once that is on the page too. */
function looseNames(repo: Repository): Finding[] {
  const locator =
    /\.(?:getByRole\('[a-z]+', \{(?<options>(?:[^{}]|\$\{[^{}]*\})*)\}|getByLabel\(['`](?<label>[^'`\n]*)['`]\))/g;
  return repo.files
    .filter((path) => path.includes('/e2e/') && path.endsWith('.ts'))
    .flatMap((path) => {
      const text = repo.read(path);
      return [...text.matchAll(locator)]
        .filter(({ groups: { options, label } = {} }) =>
          options === undefined ? label !== undefined : /\bname: ['`]/.test(options) && !/\bexact: true/.test(options),
        )
        .map(({ index }) => {
          const line = text.slice(0, index).split('\n').length;
          return `${path}:${line}: a name without exact: true also finds longer ones`;
        });
    });
}

/** kebab-case (components PascalCase, routes as SvelteKit wants them), no buckets, no barrels. */
function names(repo: Repository): Finding[] {
  const findings: Finding[] = [];
  for (const path of repo.files.filter((file) => /^(apps|packages|services|bench|tools)\//.test(file))) {
    const name = path.slice(path.lastIndexOf('/') + 1);
    if (/\.ts$/.test(name) && !/^\+?[a-z0-9]+([.-][a-z0-9]+)*\.ts$/.test(name))
      findings.push(`${path}: file names are kebab-case`);
    if (/\.svelte$/.test(name) && !/^(\+[a-z-]+(@[a-z]*)?|[A-Z][A-Za-z0-9]*)\.svelte$/.test(name)) {
      findings.push(`${path}: components are PascalCase`);
    }
    if (/^(utils?|helpers?|common|types|misc|shared)\.ts$/.test(name) || /\/(utils?|helpers?|common)\//.test(path)) {
      findings.push(`${path}: a bucket; name the file after what it does`);
    }
    if (name === 'index.ts' && !path.includes('/service-worker/'))
      findings.push(`${path}: no barrels; the exports map is the barrel`);
  }
  return findings;
}

/** Every workspace package has sources, and a version that does not float among its own kind. */
function packages(repo: Repository): Finding[] {
  const manifests = repo.files.filter((path) =>
    /^(apps|packages|services)\/[^/]+\/package\.json$|^bench\/package\.json$/.test(path),
  );
  return manifests.flatMap((path) => {
    const source = `${dirname(path)}/src/`;
    return repo.files.some((file) => file.startsWith(source)) ? [] : [`${path}: the package has no src`];
  });
}

/** A package's `exports` list the files that other packages import, and no more: what is not listed may change freely. */
function publicFiles(repo: Repository): Finding[] {
  const manifests = repo.files
    .filter((path) => /^(packages|services)\/[^/]+\/package\.json$/.test(path))
    .map((path) => ({ path, ...(JSON.parse(repo.read(path)) as { name?: string; exports?: Record<string, string> }) }));
  const importedBy = new Map<string, string>();
  for (const file of repo.files.filter((path) => /\.(ts|svelte|css|js|mjs)$/.test(path))) {
    for (const [, specifier = ''] of repo.read(file).matchAll(/['"](@manara\/[a-z-]+\/[^'"]+)['"]/g)) {
      const [, name = ''] = specifier.split('/');
      if (!file.startsWith(`packages/${name}/`) && !file.startsWith(`services/${name}/`))
        importedBy.set(specifier, file);
    }
  }
  return manifests.flatMap(({ path, name, exports = {} }) => {
    const listed = Object.keys(exports).map((key) => `${name}${key.slice(1)}`);
    const imported = [...importedBy.keys()].filter((specifier) => specifier.startsWith(`${name}/`));
    return [
      ...listed
        .filter((specifier) => !importedBy.has(specifier))
        .map((specifier) => `${path}: no other package imports ${specifier}; take it out of exports`),
      ...imported
        .filter((specifier) => !listed.includes(specifier))
        .map((specifier) => `${path}: ${importedBy.get(specifier)} imports ${specifier}, which exports do not list`),
    ];
  });
}

/** The working tree: tracked files and new ones that git does not ignore; of a copy without git, all that is not made. */
export function workingTree(): Repository {
  const list = spawnSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  });
  const made = /(^|\/)(node_modules|build|\.svelte-kit|\.svelte-check|\.manara[^/]*|test-results)$/;
  const paths =
    list.status === 0
      ? list.stdout.split('\0')
      : globSync('**/*', { cwd: root, exclude: (path: string) => made.test(path) });
  return {
    files: paths.filter((path) => path && statSync(join(root, path), { throwIfNoEntry: false })?.isFile()),
    read: (path) => readFileSync(join(root, path), 'utf8'),
    has: (path) => existsSync(join(root, path)),
  };
}

if (import.meta.main) {
  const findings = checkRepository(workingTree());
  for (const finding of findings) console.log(finding);
  process.exitCode = findings.length > 0 ? 1 : 0;
}
