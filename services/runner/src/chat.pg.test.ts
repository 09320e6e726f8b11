import type { Database } from '@manara/db/client';
import { inTransaction } from '@manara/db/in-transaction';
import { notes } from '@manara/modules/notes/schema';
import { askAgain, messageText, sendMessage } from '@manara/shared-ai/chat-actions';
import { answerIdOf } from '@manara/shared-ai/derived-ids';
import { messages } from '@manara/shared-ai/tables/chat';
import { iterations, steps } from '@manara/shared-ai/tables/plans';
import { put } from '@manara/sync-core/write';
import { engines } from '@manara/testkit/engines';
import { endBackoff, openRunnerBench, type RunnerBench, runRows } from '@manara/testkit/runner-bench';
import { MODEL_FAULTS, type ScriptedReply } from '@manara/testkit/scripted-model/scripted-reply';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createDatabaseRunStore } from './database-run-store.ts';
import { MODEL_LIMITS } from './model/model-config.ts';
import { createRunner, type RunnerDeps } from './runner.ts';

describe.each(engines)('answering a chat message on $name', ({ open }) => {
  let db: Database;
  let bench: RunnerBench;

  beforeAll(async () => {
    db = await open();
  });
  afterAll(() => db.close());
  beforeEach(async () => {
    bench = await openRunnerBench(db);
  });
  afterEach(() => bench.close());

  const start = (other: Partial<RunnerDeps> = {}) => {
    // Not shorter: a model that answers must not seem silent because the machine is busy.
    const limits = { ...MODEL_LIMITS, idleMs: 1000, totalMs: 4000 };
    const model = { baseUrl: bench.model.baseUrl, apiKey: null, model: 'scripted', limits };
    return createRunner({ ...bench.deps, model, ...other });
  };
  const context = () => ({ newId: () => bench.account.newId(), nowMs: Date.now() });
  async function send(text: string, conversationId: string | null = null) {
    const sent = sendMessage({ conversationId, text }, context());
    await bench.account.write(sent.writes);
    return sent;
  }
  const message = (id: string) => bench.account.read((reader) => reader.get(messages, id));

  it('writes the answer under its derived id, marks the question, and shows no plan where there is none', async () => {
    bench.model.enqueue({ kind: 'text', text: JSON.stringify({ answer: 'You have **two** open todos.', steps: [] }) });
    const { messageId, conversationId } = await send('What is open?');
    expect(await start().tick()).toMatchObject({ claimed: 1, plansWrittenBack: 1, errors: 0 });
    expect(await message(answerIdOf(messageId))).toMatchObject({
      conversationId,
      replyTo: messageId,
      role: 'assistant',
      parts: [{ kind: 'text', text: 'You have **two** open todos.' }],
    });
    expect((await message(messageId))?.status).toBe('answered');
    expect(await bench.account.read((reader) => reader.count(iterations))).toBe(0);
    expect(bench.heads).toHaveLength(1);
  });

  it('turns tool calls into the proposals of a plan, and executes none', async () => {
    const planned = { tool: 'todo.create', args: { title: 'Buy milk' }, rationale: 'asked for' };
    bench.model.enqueue({
      kind: 'text',
      text: JSON.stringify({ answer: 'I suggest this.', summary: 'One todo', steps: [planned] }),
    });
    const { messageId } = await send('Remind me of milk');
    await start().tick();
    const answer = await message(answerIdOf(messageId));
    const part = answer?.parts.find((one) => one.kind === 'plan');
    const proposed = await bench.account.read((reader) =>
      reader.list(steps, { by: 'iterationId', equals: part?.iterationId ?? null }),
    );
    expect(proposed).toMatchObject([{ tool: 'todo.create', args: { title: 'Buy milk' }, validity: { state: 'ok' } }]);
    const prompts = await inTransaction(
      db,
      { role: 'app', accountId: bench.account.id },
      (tx) => tx`select 1 from prompts where iteration_id = ${part?.iterationId ?? ''}`,
    );
    expect(prompts).toHaveLength(1);
  });

  it('sees the conversation so far', async () => {
    bench.model.setFallback({ kind: 'text', text: '{"answer":"Blue, as you said.","steps":[]}' });
    const { conversationId } = await send('My favourite colour is blue');
    const runner = start();
    await runner.tick();
    await send('Which one is it?', conversationId);
    await runner.tick();
    expect(bench.model.requests.at(-1)?.promptText).toMatch(
      /colour is blue[\s\S]*Blue, as you said\.[\s\S]*Which one is it\?/,
    );
  });

  it('answers once, however often it is asked to', async () => {
    bench.model.setFallback({ kind: 'text', text: '{"answer":"Hello","steps":[]}' });
    const { messageId } = await send('Hello');
    const runner = start();
    await runner.tick();
    await bench.account.write(askAgain({ id: messageId }, null, context()));
    await runner.tick();
    expect(bench.model.requests).toHaveLength(1);
    expect((await runRows(db)).map((row) => row.state)).toEqual(['done', 'done']);
  });

  it('takes prose for an answer', async () => {
    bench.model.setFallback({ kind: 'text', text: 'Nothing is overdue. Enjoy your day!' });
    const { messageId } = await send('What is overdue?');
    await start().tick();
    const answer = await message(answerIdOf(messageId));
    expect(answer && messageText(answer)).toBe('Nothing is overdue. Enjoy your day!');
    expect(bench.model.requests).toHaveLength(1);
  });

  it.each([
    ['server error', 'The model server'],
    ['garbage body', 'The address answers, but not as'],
    ['silence', 'The model'],
  ])('%s: says honestly what kept the model from answering', async (fault, why) => {
    await bench.account.write([put(notes, bench.account.newId(), { title: 'House', body: 'TODO: call the plumber' })]);
    bench.model.setFallback(MODEL_FAULTS[fault] as ScriptedReply);
    const { messageId } = await send('call the plumber');
    expect(await start().tick()).toMatchObject({ errors: 0, plansWrittenBack: 1 });
    const answer = await message(answerIdOf(messageId));
    expect(answer && messageText(answer)).toMatch(new RegExp(`^${why} .*[.] So this is by rules alone`));
  });

  it('a question that cannot be answered says so, and can be asked again', async () => {
    const { messageId } = await send('Hello');
    const createStore: RunnerDeps['createStore'] = (deps) => ({
      ...createDatabaseRunStore(deps),
      read: () => Promise.reject(new Error('the database hiccuped')),
    });
    const failing = start({ createStore, tuning: { attemptsMax: 1 } });
    expect(await failing.tick()).toMatchObject({ errors: 1 });
    expect((await message(messageId))?.status).toBe('failed');
    await endBackoff(db);
    bench.model.setFallback({ kind: 'text', text: '{"answer":"Hello","steps":[]}' });
    await bench.account.write(askAgain({ id: messageId }, null, context()));
    await start().tick();
    expect((await message(messageId))?.status).toBe('answered');
    const answer = await message(answerIdOf(messageId));
    expect(answer && messageText(answer)).toBe('Hello');
  });
});
