// The launcher as npm calls it: arguments, exit codes and signals reach the program and come back.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { root } from './run-command.ts';

const folder = mkdtempSync(join(root, 'tools', '.planted-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const program = join(folder, 'program.ts');
writeFileSync(
  program,
  `const [what, ...rest]: string[] = process.argv.slice(2);
if (what === 'wait') {
  setInterval(() => {}, 1000);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => { console.log(signal); process.exit(0); });
}
console.log(JSON.stringify({ what, rest, npm: Object.keys(process.env).filter((key) => key.startsWith('npm_package')) }));
if (what === 'fail') process.exit(7);
`,
);

function launch(args: string[], env: NodeJS.ProcessEnv = process.env) {
  const child = spawn(process.execPath, [join(root, 'tools/run.mjs'), ...args], { env });
  let text = '';
  let first: (() => void) | undefined;
  const started = new Promise<void>((resolve) => {
    first = resolve;
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (text.includes('{')) first?.();
    });
  }
  return { child, started, done: ended(child).then((code) => ({ code, text })) };
}

function ended(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.on('close', (code) => resolve(code)));
}

const path = relative(root, program);

test('arguments pass through, npm’s own settings do not', async () => {
  const env = { ...process.env, npm_package_name: 'x', npm_config_prefix: '/nowhere' };
  const { code, text } = await launch([path, 'show', '--port', '4000', 'a b'], env).done;
  expect(JSON.parse(text.trim().split('\n').at(-1) ?? '')).toEqual({
    what: 'show',
    rest: ['--port', '4000', 'a b'],
    npm: [],
  });
  expect(code).toBe(0);
});

test('the exit code comes back', async () => {
  expect((await launch([path, 'fail']).done).code).toBe(7);
});

test.each(['SIGTERM', 'SIGINT'] as const)('%s reaches the program, which ends by itself', async (signal) => {
  const { child, started, done } = launch([path, 'wait']);
  await started;
  child.kill(signal);
  const { code, text } = await done;
  expect(text).toContain(`\n${signal}\n`);
  expect(code).toBe(0);
});

test('the program is stopped when npm is gone without a word', async () => {
  // A shell in npm's place, killed hard: the launcher is left to notice.
  const shell = spawn('/bin/sh', [
    '-c',
    `"$@" & echo $!; wait`,
    'sh',
    process.execPath,
    join(root, 'tools/run.mjs'),
    path,
    'wait',
  ]);
  let text = '';
  await new Promise<void>((resolve) => {
    shell.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (text.includes('"what":"wait"')) resolve();
    });
  });
  const closed = ended(shell);
  shell.kill('SIGKILL');
  await closed;
  expect(text).toContain('\nSIGTERM\n');
});

test('a command that does not exist is explained', async () => {
  const { code, text } = await launch(['nonsense']).done;
  expect(text).toMatch(/^Usage: .*start \| test \| bench/);
  expect(code).toBe(2);
});
