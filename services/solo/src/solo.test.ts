import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runSoloToItsEnd, type SoloProcess, startSoloProcess } from '@manara/testkit/solo-process';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const CLIENT = '9f3a1c7e5b2d4f60';
const KILL_ROUNDS = 3;

let folder: string;
let backup: string;
let running: SoloProcess | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'manara-solo-'));
  backup = await mkdtemp(join(tmpdir(), 'manara-backup-'));
});
afterEach(async () => {
  await running?.end('SIGKILL');
  running = undefined;
  await rm(folder, { recursive: true, force: true });
  await rm(backup, { recursive: true, force: true });
});

async function start(port = 0): Promise<SoloProcess> {
  running = await startSoloProcess({ dataFolder: folder, port });
  return running;
}

type Account = { token: string; userId: string; space: string; epoch: string };

async function json<T>(response: Response): Promise<T> {
  expect(response.status, await response.clone().text()).toBe(200);
  return (await response.json()) as T;
}

async function call<T>(url: string, path: string, token: string, body?: unknown): Promise<T> {
  const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  return json<T>(await fetch(url + path, { ...init, headers }));
}

async function signUp(url: string): Promise<Account> {
  const { token } = await json<{ token: string }>(
    await fetch(`${url}/v1/auth/sign-up/email`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: 'ada@example.org', password: 'correct horse' }),
    }),
  );
  return { token, ...(await me(url, token)) };
}

async function me(url: string, token: string): Promise<Omit<Account, 'token'>> {
  const answer = await call<{ user: { id: string }; spaces: { id: string }[]; epoch: string }>(url, '/v1/me', token);
  return { userId: answer.user.id, space: answer.spaces[0]?.id ?? '', epoch: answer.epoch };
}

function todo(account: Account, n: number) {
  const stamp = `${(Date.now() - 1000).toString(16).padStart(12, '0')}-${(n % 65536).toString(16).padStart(4, '0')}-${CLIENT}`;
  return {
    space: account.space,
    table: 'todos',
    id: crypto.randomUUID(),
    fields: { title: [`todo ${n}`, stamp] },
    actor: { kind: 'user', id: account.userId, name: 'Ada' },
  };
}

async function pulledIds(url: string, account: Account): Promise<Set<string>> {
  const ids = new Set<string>();
  for (let cursor = 0, more = true; more; ) {
    const request = { protocol: 1, client: CLIENT, epoch: account.epoch, cursors: { [account.space]: cursor } };
    type Page = { spaces: Record<string, { cursor: number; more: boolean; records: { id: string }[] }> };
    const page = (await call<Page>(url, '/v1/sync/pull', account.token, request)).spaces[account.space];
    if (!page) throw new Error('the space was not answered');
    for (const record of page.records) ids.add(record.id);
    ({ cursor, more } = page);
  }
  return ids;
}

test('starts, says where it is, and stops cleanly within 5 s', async () => {
  const solo = await start();
  expect(solo.output()).toContain(`Your data       ${folder}`);
  expect(solo.output()).toContain('MANARA_MODEL=');
  expect(await json(await fetch(`${solo.url}/healthz`))).toBeTruthy();
  const live = fetch(`${solo.url}/v1/sync/live`).catch(() => {});
  // Ctrl-C arrives from the terminal and once more from each process that passes it on.
  const again = setTimeout(() => process.kill(solo.pid, 'SIGINT'), 20);
  const { code, ms } = await solo.end('SIGINT');
  clearTimeout(again);
  expect([code, ms < 5000]).toEqual([0, true]);
  await live;
}, 120_000);

test('a folder in use and a port in use are refused in words', async () => {
  const solo = await start();
  const held = await runSoloToItsEnd({ dataFolder: folder });
  expect(held.code).toBe(1);
  expect(held.output).toContain(`in use by a running process (pid ${solo.pid})`);
  const port = Number(new URL(solo.url).port);
  const taken = await runSoloToItsEnd({ dataFolder: join(folder, 'other'), port });
  expect(taken.code).toBe(1);
  expect(taken.output).toContain(`Port ${port} on 127.0.0.1 is in use`);
  const wrong = await runSoloToItsEnd({ dataFolder: folder, env: { MANARA_SIGNUP: 'perhaps' } });
  expect(wrong).toMatchObject({ code: 1, output: expect.stringContaining('MANARA_SIGNUP') });
}, 120_000);

test('a data folder that was copied back starts a new epoch when it is said, and takes what it lacks', async () => {
  let solo = await start();
  const account = await signUp(solo.url);
  const push = async (epoch: string, batch: object) =>
    call<{ results: unknown[] }>(solo.url, '/v1/sync/push', account.token, {
      protocol: 1,
      client: CLIENT,
      epoch,
      batch,
    });
  const [kept, lost, other] = [todo(account, 1), todo(account, 2), todo(account, 3)];
  await push(account.epoch, { seq: 1, ops: [kept] });
  await solo.end('SIGTERM');
  await cp(folder, join(backup, 'copy'), { recursive: true });
  solo = await start();
  await push(account.epoch, { seq: 2, ops: [lost] });
  await solo.end('SIGTERM');
  await rm(folder, { recursive: true });
  await cp(join(backup, 'copy'), folder, { recursive: true });

  running = await startSoloProcess({ dataFolder: folder, args: ['--restored'] });
  solo = running;
  expect(solo.output()).toContain('a new epoch has begun');
  const { epoch } = await me(solo.url, account.token);
  expect(epoch).not.toBe(account.epoch);
  expect(await pulledIds(solo.url, account)).toEqual(new Set([kept.id]));
  // What another device had written comes back too, under its own node.
  const foreign = JSON.parse(JSON.stringify(other).replaceAll(CLIENT, 'b'.repeat(16))) as object;
  const batch = { seq: 1, recovery: true, ops: [lost, foreign] };
  expect((await push(epoch, batch)).results).toEqual([{ status: 'ok' }, { status: 'ok' }]);
  expect(await pulledIds(solo.url, account)).toEqual(new Set([kept.id, lost.id, other.id]));
}, 120_000);

describe('kill -9', () => {
  test('loses nothing acknowledged; session, epoch and batch numbers outlive it, on another port too', async () => {
    let solo = await start();
    const account = await signUp(solo.url);
    const acknowledged = new Set<string>();
    let seq = 0;
    let unanswered: object | undefined;

    /** Pushes until the server is gone; the batch without an answer is sent again to the next one. */
    const pushUntilKilled = async (url: string) => {
      for (;;) {
        const batch = unanswered ?? { seq: seq + 1, ops: [todo(account, seq * 2), todo(account, seq * 2 + 1)] };
        unanswered = batch;
        const request = { protocol: 1, client: CLIENT, epoch: account.epoch, batch };
        type Reply = { seq: number; results: { status: string }[] };
        const reply = await call<Reply>(url, '/v1/sync/push', account.token, request).catch((error: Error) => {
          if (error.name === 'TypeError') return null; // fetch failed
          throw error;
        });
        if (!reply) return;
        expect(reply.results.map((result) => result.status)).toEqual(['ok', 'ok']);
        seq = reply.seq;
        for (const op of (batch as { ops: { id: string }[] }).ops) acknowledged.add(op.id);
        unanswered = undefined;
      }
    };

    for (let round = 0; round < KILL_ROUNDS; round++) {
      const before = acknowledged.size;
      const pushing = pushUntilKilled(solo.url);
      while (acknowledged.size < before + 20) await new Promise((resolve) => setTimeout(resolve, 5));
      await solo.end('SIGKILL');
      await pushing;
      solo = await start();
      expect(await me(solo.url, account.token)).toMatchObject({ epoch: account.epoch, space: account.space });
      const kept = await pulledIds(solo.url, account);
      expect([...acknowledged].filter((id) => !kept.has(id))).toEqual([]);
    }
    // The batch that had no answer is taken exactly once, whether it was committed or not.
    const batch = unanswered as { seq: number; ops: { id: string }[] };
    const request = { protocol: 1, client: CLIENT, epoch: account.epoch, batch };
    expect(await call(solo.url, '/v1/sync/push', account.token, request)).toMatchObject({ seq: batch.seq });
    const ids = await pulledIds(solo.url, account);
    expect(ids.size).toBe(acknowledged.size + batch.ops.length);
  }, 240_000);
});
