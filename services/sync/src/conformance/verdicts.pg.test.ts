import { randomUUID } from 'node:crypto';
import { engines } from '@manara/testkit/engines';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Installation, signUp, stampAt } from './independent-client.ts';
import { type ServerUnderTest, startServer } from './server-under-test.ts';

describe.each(engines)('verdicts on $name', (engine) => {
  let server: ServerUnderTest;
  let ada: Installation;
  let bob: Installation;

  beforeAll(async () => {
    server = await startServer(engine);
    [ada, bob] = await Promise.all([signUp(server.url), signUp(server.url)]);
  });
  afterAll(async () => {
    await server.stop();
    expect(server.logged).toEqual([]);
  });

  type Case = [name: string, code: string, op: (a: Installation) => unknown];
  const cases: Case[] = [
    ['null', 'bad_op', () => null],
    ['a text', 'bad_op', () => 'op'],
    ['no cells', 'bad_op', (a) => a.op(undefined)],
    ['no actor', 'bad_op', (a) => ({ ...a.todo('x'), actor: undefined })],
    ['no id', 'bad_op', (a) => ({ ...a.todo('x'), id: undefined })],
    ['a cell that is no list', 'bad_op', (a) => a.op({ title: 'x' })],
    ['a cell with no stamp', 'bad_op', (a) => a.op({ title: ['x'] })],
    ['a group that is no UUID', 'bad_op', (a) => ({ ...a.todo('x'), group: 'g' })],
    ["another account's space", 'forbidden_space', (a) => ({ ...a.todo('x'), space: bob.space })],
    ['a space that does not exist', 'forbidden_space', (a) => ({ ...a.todo('x'), space: randomUUID() })],
    ['an unknown table', 'unknown_table', (a) => ({ ...a.todo('x'), table: 'nope' })],
    ['__proto__ as table', 'unknown_table', (a) => ({ ...a.todo('x'), table: '__proto__' })],
    ['constructor as table', 'unknown_table', (a) => ({ ...a.todo('x'), table: 'constructor' })],
    ['SQL as table', 'unknown_table', (a) => ({ ...a.todo('x'), table: "todos'; drop table records; --" })],
    ['NUL in the table', 'unknown_table', (a) => ({ ...a.todo('x'), table: 'todos\0' })],
    ['an empty id', 'bad_id', (a) => ({ ...a.todo('x'), id: '' })],
    ['an id of 1,000 characters', 'bad_id', (a) => ({ ...a.todo('x'), id: 'a'.repeat(1000) })],
    ['an id with a newline', 'bad_id', (a) => ({ ...a.todo('x'), id: `${randomUUID()}\n` })],
    ['an upper-case id', 'bad_id', (a) => ({ ...a.todo('x'), id: 'AAAAAAAA-1A2B-7000-8000-000000000001' })],
    ['__proto__ as id', 'bad_id', (a) => ({ ...a.todo('x'), id: '__proto__' })],
    ['a newer field', 'unknown_field', (a) => a.op({ colour: ['red', a.stamp()] })],
    ['__proto__ as field', 'unknown_field', (a) => a.op(JSON.parse(`{"__proto__":[1,"${a.stamp()}"]}`))],
    ['constructor as field', 'unknown_field', (a) => a.op({ constructor: [1, a.stamp()] })],
    ['a reserved field', 'unknown_field', (a) => a.op({ $x: [1, a.stamp()] })],
    ['accepted', 'forbidden_field', (a) => a.op({ accepted: [a.stamp(), a.stamp()] }, { table: 'feedback' })],
    ['a malformed stamp', 'bad_stamp', (a) => a.op({ title: ['x', 'yesterday'] })],
    ['a stamp in capitals', 'bad_stamp', (a) => a.op({ title: ['x', a.stamp().toUpperCase().replace(/^0/, 'A')] })],
    ['a foreign node', 'node_mismatch', (a) => a.op({ title: ['x', stampAt(Date.now(), 0, 'ffffffffffffffff')] })],
    ['another user as actor', 'bad_actor', (a) => ({ ...a.todo('x'), actor: { ...a.actor, id: bob.user.id } })],
    ['the system as actor', 'bad_actor', (a) => ({ ...a.todo('x'), actor: { ...a.actor, kind: 'system' } })],
    ['an unknown kind of actor', 'bad_actor', (a) => ({ ...a.todo('x'), actor: { ...a.actor, kind: 'god' } })],
    [
      'ai on missions',
      'bad_actor',
      (a) => a.op({ title: ['x', a.stamp()] }, { table: 'missions', actor: { ...a.actor, kind: 'ai' } }),
    ],
    ['64 KiB and more', 'field_too_large', (a) => a.op({ title: ['x'.repeat(65_536), a.stamp()] })],
    [
      'a note over 512 KiB',
      'field_too_large',
      (a) => a.op({ body: ['x'.repeat(524_289), a.stamp()] }, { table: 'notes' }),
    ],
    ['a list of 50,000', 'field_too_large', (a) => a.op({ title: [Array(50_000).fill(0), a.stamp()] })],
    ['a list of lists', 'field_too_large', (a) => a.op({ title: [Array(20_000).fill([[]]), a.stamp()] })],
    ['a list of 45,000 in an actor', 'bad_op', (a) => ({ ...a.todo('x'), actor: Array(45_000).fill(0) })],
    [
      'a list of 45,000 in an unknown field',
      'unknown_field',
      (a) => a.op({ nope: [Array(45_000).fill(0), a.stamp()] }),
    ],
    ['a list of 45,000 as a cell', 'bad_op', (a) => a.op({ title: Array(45_000).fill(0) })],
    ['a list of 45,000 as an op', 'bad_op', () => Array(45_000).fill(0)],
    ['a list of 5,000', 'invalid_value', (a) => a.op({ title: [Array(5000).fill(0), a.stamp()] })],
    ['NUL', 'invalid_string', (a) => a.op({ title: ['\0', a.stamp()] })],
    ['a lone surrogate', 'invalid_string', (a) => a.op({ title: ['\udc00', a.stamp()] })],
    ['2^53+1', 'unsafe_number', (a) => a.op({ doneAt: [2 ** 53 + 2, a.stamp()] })],
    ['a wrong type', 'invalid_value', (a) => a.op({ done: ['yes', a.stamp()] })],
    ['30 February', 'invalid_value', (a) => a.op({ due: ['2026-02-30', a.stamp()] })],
    ['the year 275760', 'invalid_value', (a) => a.op({ due: ['275760-09-13', a.stamp()] })],
    ['a day with a time', 'invalid_value', (a) => a.op({ due: ['2026-02-03T10:00:00', a.stamp()] })],
    ['a delete of an unknown id', 'ok', (a) => a.op(undefined, { deleted: [true, a.stamp()] })],
    ['a stamp from 1970', 'ok', (a) => a.op({ title: ['x', stampAt(0, 0, a.client)] })],
    ['a counter at its maximum', 'ok', (a) => a.op({ title: ['x', stampAt(Date.now(), 0xffff, a.client)] })],
    [
      'ai on todos',
      'ok',
      (a) => ({ ...a.todo('x'), actor: { kind: 'ai', id: randomUUID(), name: 'Planner', reason: 'because' } }),
    ],
    ['an unknown key of an op', 'ok', (a) => ({ ...a.todo('x'), later: { a: 1 } })],
  ];

  it.each(cases)('%s: %s, and its neighbours are taken', async (_name, code, op) => {
    const cursor = (await ada.page()).head;
    const verdicts = await ada.verdicts([ada.todo('before'), op(ada), ada.todo('after')]);
    expect(verdicts).toEqual(['ok', code, 'ok']);
    const { records } = await ada.page(cursor);
    const titles = records.map((record) => record.fields.title?.[0]);
    expect(titles).toEqual(expect.arrayContaining(['before', 'after']));
    expect(records).toHaveLength(code === 'ok' ? 3 : 2);
  });

  it('1e400 and -0 as they stand in the text of the request', async () => {
    const text = (value: string) =>
      JSON.stringify({
        protocol: 1,
        client: ada.client,
        epoch: ada.epoch,
        batch: { seq: ada.seq + 1, ops: [ada.op({ doneAt: ['@', ada.stamp()] })] },
      }).replace('"@"', value);
    const verdict = async (value: string) => {
      const response = await fetch(`${server.url}/v1/sync/push`, {
        method: 'POST',
        headers: { authorization: `Bearer ${ada.token}`, 'content-type': 'application/json' },
        body: text(value),
      });
      const body = (await response.json()) as { results: { code?: string; status: string }[] };
      ada.seq += 1;
      return body.results[0]?.code ?? body.results[0]?.status;
    };
    expect(await verdict('1e400')).toBe('unsafe_number');
    expect(await verdict('9007199254740993')).toBe('unsafe_number');
    expect(await verdict('-0')).toBe('ok');
  });

  it('keeps hostile text byte for byte', async () => {
    const texts = [
      '\u202egnp.exe',
      'a\u200bb',
      '<img src=x onerror=alert(1)>',
      '[x](javascript:alert(1))',
      "'; drop table todos; --",
      '😀\u0301',
      '\\u0000',
    ];
    const cursor = (await ada.page()).head;
    await ada.push(texts.map((text) => ada.todo(text)));
    const { records } = await ada.page(cursor);
    expect(records.map((record) => record.fields.title?.[0])).toEqual(texts);
  });
});
