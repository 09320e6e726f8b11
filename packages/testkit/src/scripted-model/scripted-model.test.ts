import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type ScriptedModel, startScriptedModel } from './scripted-model.ts';

let model: ScriptedModel;
beforeEach(async () => {
  model = await startScriptedModel();
});
afterEach(() => model.close());

const post = (url: string, body: unknown) =>
  fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
const chat = (content: string, stream = false, baseUrl = model.baseUrl) =>
  post(`${baseUrl}/chat/completions`, { model: 'scripted', stream, messages: [{ role: 'user', content }] });
const textOf = async (response: Response) =>
  ((await response.json()) as { choices: { message: { content: string } }[] }).choices[0]?.message.content;

it('answers in the order of its script, then with the fallback', async () => {
  model.enqueue({ kind: 'text', text: 'one' }, { kind: 'text', text: 'two' });
  model.setFallback({ kind: 'text', text: 'always' });
  const texts = [];
  for (const _ of [1, 2, 3, 4]) texts.push(await textOf(await chat('hi')));
  expect(texts).toEqual(['one', 'two', 'always', 'always']);
});

it('keeps a reply for the request that it matches', async () => {
  model.enqueue({ kind: 'text', text: 'for b', match: 'mission B' }, { kind: 'text', text: 'for anyone' });
  expect(await textOf(await chat('mission A'))).toBe('for anyone');
  expect(await textOf(await chat('mission B'))).toBe('for b');
});

it('records what it was asked', async () => {
  await chat('the reason: too expensive');
  expect(model.requests).toHaveLength(1);
  expect(model.requests[0]?.promptText).toContain('too expensive');
});

it('streams events that end with [DONE]', async () => {
  model.enqueue({ kind: 'plan', summary: 'A plan of several pieces', steps: [] });
  const events = (await (await chat('hi', true)).text()).trim().split('\n\n');
  expect(events.length).toBeGreaterThan(4);
  expect(events.at(-1)).toBe('data: [DONE]');
  expect(JSON.parse(events[0]?.slice(6) ?? '')).toMatchObject({ choices: [{ delta: { role: 'assistant' } }] });
});

it('cuts the socket in mid-answer', async () => {
  model.enqueue({ kind: 'cut', text: '{"summary":"long"}', chars: 5 });
  const response = await chat('hi', true);
  await expect(response.text()).rejects.toThrow();
});

it('lists one model, and knows no other', async () => {
  expect(await (await fetch(`${model.baseUrl}/models`)).json()).toMatchObject({ data: [{ id: 'scripted' }] });
  expect((await post(`${model.baseUrl}/chat/completions`, { model: 'other', messages: [] })).status).toBe(404);
});

it('runs as a process that a test controls over HTTP', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'scripted-model-'));
  const script = join(folder, 'script.json');
  await writeFile(script, JSON.stringify({ replies: [{ kind: 'text', text: 'from the file' }] }));
  const child = spawn(process.execPath, [fileURLToPath(new URL('main.ts', import.meta.url)), '--script', script]);
  try {
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const { baseUrl } = JSON.parse(line.toString()) as { baseUrl: string };
    const control = baseUrl.replace('/v1', '/control');
    expect(await textOf(await chat('hi', false, baseUrl))).toBe('from the file');
    await post(control, { replies: [{ kind: 'text', text: 'sent later' }] });
    expect(await textOf(await chat('again', false, baseUrl))).toBe('sent later');
    expect(await (await fetch(`${control}/requests`)).json()).toMatchObject([
      { promptText: 'hi' },
      { promptText: 'again' },
    ]);
    await fetch(control, { method: 'DELETE' });
    expect(await (await fetch(`${control}/requests`)).json()).toEqual([]);
  } finally {
    child.kill('SIGTERM');
    await once(child, 'exit');
    await rm(folder, { recursive: true });
  }
});
