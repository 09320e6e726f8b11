import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Database, openDatabase } from '@manara/db/client';
import { inTransaction } from '@manara/db/in-transaction';
import { joinNews, type News } from '@manara/db/news';
import { missions, runRequests } from '@manara/shared-ai/tables/missions';
import { iterations, steps } from '@manara/shared-ai/tables/plans';
import { put } from '@manara/sync-core/write';
import { freshDatabase } from '@manara/testkit/fresh-database';
import { type ScriptedModel, startScriptedModel } from '@manara/testkit/scripted-model/scripted-model';
import { ServerAccount } from '@manara/testkit/server-account';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));
const KEY = 'a-service-key-for-the-tests';
const LEASE_MS = 1500;

/** A runner in a process of its own, and what it logged. */
interface RunnerProcess {
  readonly child: ChildProcess;
  readonly url: string;
  readonly lines: { readonly msg: string; readonly [key: string]: unknown }[];
}

let databaseUrl: string;
let db: Database;
let model: ScriptedModel;
let account: ServerAccount;
const running: RunnerProcess[] = [];

beforeEach(async () => {
  databaseUrl = await freshDatabase();
  db = await openDatabase({ kind: 'postgres', url: databaseUrl });
  model = await startScriptedModel();
  account = await ServerAccount.create(db);
});
afterEach(async () => {
  for (const { child } of running.splice(0)) {
    child.kill('SIGCONT');
    child.kill('SIGKILL');
  }
  await model.close();
  await db.close();
});

async function startRunner(env: Record<string, string> = {}): Promise<RunnerProcess> {
  const child = spawn(process.execPath, [MAIN], {
    env: {
      PATH: process.env.PATH,
      DATABASE_URL: databaseUrl,
      MANARA_SERVICE_KEYS: KEY,
      MANARA_PORT: '0',
      MANARA_TICK_MS: '100',
      MANARA_LEASE_MS: String(LEASE_MS),
      MANARA_MODEL: 'scripted',
      OPENAI_BASE_URL: model.baseUrl,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: RunnerProcess['lines'] = [];
  const ready = new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const entry = JSON.parse(line) as RunnerProcess['lines'][number];
      lines.push(entry);
      if (entry.msg === 'ready') resolve(`http://127.0.0.1:${(entry.address as { port: number }).port}`);
    });
    child.once('exit', (code) => reject(new Error(`the runner ended with ${code}`)));
  });
  const started = { child, lines, url: await ready };
  running.push(started);
  return started;
}

async function addMissions(count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, () => account.newId());
  await account.write(
    ids.map((id, n) => put(missions, id, { title: `Mission ${n}`, objective: `objective ${n}`, state: 'active' })),
  );
  return ids;
}

const request = (missionId: string) => [
  put(runRequests, account.newId(), { kind: 'run', missionId, requestedAt: Date.now() }),
];
const plans = () => account.read((reader) => reader.list(iterations));
const runStates = () =>
  inTransaction(
    db,
    { role: 'runner' },
    (tx) =>
      tx<{ state: string; attempt: number; worker: string }[]>`select state, attempt, worker from runs order by slot`,
  );

async function until<T>(read: () => Promise<T> | T, holds: (value: T) => boolean, what: string): Promise<T> {
  const endMs = Date.now() + 60_000;
  for (;;) {
    const value = await read();
    if (holds(value)) return value;
    if (Date.now() > endMs) throw new Error(`${what} did not come about: ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

const step = (title: string) => ({ tool: 'todo.create', args: { title }, rationale: `because of ${title}` });

// Each starts Node anew, several times on a busy machine.
describe('runners as processes over one Postgres', { timeout: 120_000 }, () => {
  it('two runner processes never plan one slot twice', async () => {
    model.setFallback({ kind: 'plan', summary: 'One change', steps: [step('Call the bank')], delayMs: 30 });
    const ids = await addMissions(24);
    const heard: News[] = [];
    await joinNews(db, 'test', (news) => heard.push(news), console.error);
    await Promise.all([startRunner(), startRunner()]);
    await account.write(...ids.map(request));
    const written = await until(plans, (rows) => rows.length >= 24, '24 plans');
    const states = await until(runStates, (rows) => rows.every((row) => row.state === 'done'), 'all runs done');
    expect(new Set(written.map((row) => row.missionId)).size).toBe(24);
    expect(written).toHaveLength(24);
    expect(model.requests).toHaveLength(24);
    expect(states.every((row) => row.attempt === 1)).toBe(true);
    expect(new Set(states.map((row) => row.worker)).size).toBe(2);
    // Each tells the servers that hold the devices' lines.
    await until(
      () => heard,
      (news) => news.some((one) => 'heads' in one && account.space in one.heads) && news.some((one) => 'run' in one),
      'word of it',
    );
  });

  it('the late write of a runner that was stopped past its lease is refused', async () => {
    const [missionId = ''] = await addMissions(1);
    const slow = await startRunner();
    model.enqueue({ kind: 'plan', summary: 'Late plan', steps: [step('late one'), step('late two')], delayMs: 300 });
    model.setFallback({ kind: 'plan', summary: 'Plan of the other', steps: [step('in time')] });
    await account.write(request(missionId));
    await until(
      () => model.requests,
      (requests) => requests.length === 1,
      'the first request',
    );
    slow.child.kill('SIGSTOP');
    const other = await startRunner();
    const [plan] = await until(plans, (rows) => rows.length === 1, "the other's plan");
    expect(plan?.summary).toBe('Plan of the other');
    slow.child.kill('SIGCONT');
    await until(
      () => slow.lines,
      (lines) => lines.some((line) => line.msg.startsWith('refused to write back')),
      'the refusal',
    );
    expect(await plans()).toHaveLength(1);
    const written = await account.read((reader) => reader.list(steps));
    expect(written.map((row) => row.args.title)).toEqual(['in time']);
    expect(await runStates()).toMatchObject([{ state: 'done', attempt: 2 }]);
    expect(other.lines.some((line) => line.msg.startsWith('refused'))).toBe(false);
  });

  it('a runner killed in mid-run leaves a run that another one finishes', async () => {
    const [missionId = ''] = await addMissions(1);
    const killed = await startRunner();
    model.enqueue({ kind: 'silence' });
    model.setFallback({ kind: 'plan', summary: 'After the restart', steps: [step('again')] });
    await account.write(request(missionId));
    await until(
      () => model.requests,
      (requests) => requests.length === 1,
      'the first request',
    );
    killed.child.kill('SIGKILL');
    await startRunner();
    const [plan] = await until(plans, (rows) => rows.length === 1, 'the plan');
    expect(plan).toMatchObject({ summary: 'After the restart', outcome: 'planned', tier: 'model' });
  });

  it('stops on SIGTERM within 5 s in the middle of a plan and gives the run back', async () => {
    const [missionId = ''] = await addMissions(1);
    const { child } = await startRunner();
    model.setFallback({ kind: 'silence' });
    await account.write(request(missionId));
    await until(
      () => model.requests,
      (requests) => requests.length === 1,
      'the request',
    );
    const startedMs = performance.now();
    child.kill('SIGTERM');
    const [code] = (await once(child, 'exit')) as [number];
    expect(code).toBe(0);
    expect(performance.now() - startedMs).toBeLessThan(5000);
    expect(await runStates()).toMatchObject([{ state: 'queued' }]);
  });

  it('100 ticks at once make one plan', async () => {
    const [missionId = ''] = await addMissions(1);
    const { url } = await startRunner({ MANARA_TICK_MS: '86400000' });
    model.setFallback({ kind: 'plan', summary: 'One', steps: [step('once')], delayMs: 100 });
    await account.write(request(missionId));
    const tick = () => fetch(`${url}/internal/tick`, { method: 'POST', headers: { 'x-service-key': KEY } });
    const answers = await Promise.all(Array.from({ length: 100 }, tick));
    const reports = await Promise.all(
      answers.map((answer) => answer.json() as Promise<{ plansWrittenBack: number; errors: number }>),
    );
    expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([200]));
    expect(reports.some((report) => report.plansWrittenBack === 1 && report.errors === 0)).toBe(true);
    expect(await plans()).toHaveLength(1);
    expect(model.requests).toHaveLength(1);
    expect((await fetch(`${url}/internal/tick`, { method: 'POST' })).status).toBe(401);
  });

  it('a wrong configuration ends the start with its name and what to set', async () => {
    const child = spawn(process.execPath, [MAIN], {
      env: { PATH: process.env.PATH, MANARA_PORT: 'x' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const chunks: Buffer[] = [];
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    const [code] = (await once(child, 'close')) as [number];
    expect(code).toBe(1);
    const said = Buffer.concat(chunks).toString();
    for (const name of ['DATABASE_URL', 'MANARA_SERVICE_KEYS', 'MANARA_PORT']) expect(said).toContain(name);
    expect(said).not.toMatch(/ at .*\.ts:/);
  });
});
