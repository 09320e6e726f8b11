import { tableByName } from '@manara/modules/registry';
import { OP_CODES, type OpResult } from '@manara/protocol/push';
import { DELETED, recordKey } from '@manara/sync-core/record';
import { formatStamp, parseStamp, SERVER_NODE } from '@manara/sync-core/stamp';
import { IngestSpace, INGEST_NOW_MS as NOW, INGEST_SPACE_ID as SPACE } from '@manara/testkit/ingest-space';
import { describe, expect, it } from 'vitest';
import { type IngestPlan, planIngest, spacesOf, touchedKeys } from './plan-ingest.ts';

const CLIENT = '9f3a1c7e5b2d4f60';
const OTHER = 'aaaaaaaaaaaaaaaa';
const ID = '01936f2c-1a2b-7000-8000-000000000001';
const ID2 = '01936f2c-1a2b-7000-8000-000000000002';
const GROUP = '01936f2c-1a2b-7000-8000-0000000000aa';
const ada = { kind: 'user', id: 'user-1', name: 'Ada' };
const stamp = (offsetMs = 0, counter = 0, node = CLIENT) => formatStamp({ ms: NOW + offsetMs, counter, node });

const todo = (fields: Record<string, unknown>, more: Record<string, unknown> = {}) => ({
  space: SPACE,
  table: 'todos',
  id: ID,
  fields,
  actor: ada,
  ...more,
});
const feedback = (fields: Record<string, unknown>, more: Record<string, unknown> = {}) =>
  todo(fields, { table: 'feedback', ...more });

const codes = (plan: IngestPlan) => plan.results.map((result) => (result.status === 'ok' ? 'ok' : result.code));
const judge = (op: unknown) => codes(new IngestSpace().push([op]))[0];

describe('verdicts', () => {
  const s = stamp();
  const bad = new IngestSpace();
  const cases: [string, unknown, string][] = [
    ['an op that is null', null, 'bad_op'],
    ['an op that is an array', [], 'bad_op'],
    ['neither fields nor deleted', todo({}, { fields: undefined }), 'bad_op'],
    ['no actor', todo({}, { actor: undefined }), 'bad_op'],
    ['an actor without a name', todo({}, { actor: { kind: 'user', id: 'user-1' } }), 'bad_op'],
    ['a space that is a number', todo({}, { space: 5 }), 'bad_op'],
    ['a group that is no UUID', todo({}, { group: 'x' }), 'bad_op'],
    ['fields that are a list', todo({}, { fields: [] }), 'bad_op'],
    ['a cell of one element', todo({ title: ['x'] }), 'bad_op'],
    ['a cell of four elements', todo({ title: ['x', s, s, s] }), 'bad_op'],
    ['a stamp that is a number', todo({ title: ['x', 5] }), 'bad_op'],
    ['an unknown space', todo({}, { space: ID }), 'forbidden_space'],
    ['a space that is no UUID', todo({}, { space: '__proto__' }), 'forbidden_space'],
    ['an unknown table', todo({}, { table: 'nope' }), 'unknown_table'],
    ['the table __proto__', todo({}, { table: '__proto__' }), 'unknown_table'],
    ['the table constructor', todo({}, { table: 'constructor' }), 'unknown_table'],
    ['SQL as a table', todo({}, { table: 'todos"; drop table records; --' }), 'unknown_table'],
    ['an empty id', todo({}, { id: '' }), 'bad_id'],
    ['an upper-case id', todo({}, { id: ID.replace('a', 'A') }), 'bad_id'],
    ['an id with a newline', todo({}, { id: `${ID}\n` }), 'bad_id'],
    ['an id of 1,000 characters', todo({}, { id: 'a'.repeat(1000) }), 'bad_id'],
    ['the id prototype', todo({}, { id: 'prototype' }), 'bad_id'],
    ['an unknown field', todo({ colour: ['red', s] }), 'unknown_field'],
    ['a reserved field name', todo({ $deleted: [true, s] }), 'unknown_field'],
    ['the field __proto__', todo(JSON.parse(`{"__proto__":["x","${s}"]}`)), 'unknown_field'],
    ['the field constructor', todo({ constructor: ['x', s] }), 'unknown_field'],
    ['the field id', todo({ id: [ID, s] }), 'unknown_field'],
    ['accepted where there is none', todo({ accepted: [s, s] }), 'unknown_field'],
    ['accepted', feedback({ accepted: [s, s] }), 'forbidden_field'],
    ['a malformed stamp', todo({ title: ['x', 'now'] }), 'bad_stamp'],
    ['an upper-case stamp', todo({ title: ['x', s.toUpperCase()] }), 'bad_stamp'],
    ['a malformed replaced stamp', todo({ title: ['x', s, ''] }), 'bad_stamp'],
    ['a foreign node', todo({ title: ['x', stamp(0, 0, OTHER)] }), 'node_mismatch'],
    ["the server's node", todo({}, { deleted: [true, stamp(0, 0, SERVER_NODE)] }), 'node_mismatch'],
    ['another user', todo({}, { actor: { ...ada, id: 'user-2' } }), 'bad_actor'],
    ['the system', todo({}, { actor: { kind: 'system', id: 'mission-runner', name: 'x' } }), 'bad_actor'],
    ['an unknown kind of actor', todo({}, { actor: { ...ada, kind: 'root' } }), 'bad_actor'],
    ['ai on missions', todo({}, { table: 'missions', actor: { ...ada, kind: 'ai' } }), 'bad_actor'],
    ['ai on policies', todo({}, { table: 'policies', actor: { ...ada, kind: 'ai' } }), 'bad_actor'],
    ['ai on decisions', todo({}, { table: 'decisions', actor: { ...ada, kind: 'ai' } }), 'bad_actor'],
    ['ai elsewhere', todo({}, { actor: { ...ada, kind: 'ai' } }), 'ok'],
    ['a title over 64 KiB', todo({ title: ['x'.repeat(65_535), s] }), 'field_too_large'],
    ['a title of 64 KiB', todo({ title: ['x'.repeat(65_534), s] }), 'ok'],
    ['64 KiB counted in UTF-8', todo({ title: ['é'.repeat(40_000), s] }), 'field_too_large'],
    ['a note body of 500 KiB', todo({ body: ['x'.repeat(512_000), s] }, { table: 'notes' }), 'ok'],
    ['a note body over 512 KiB', todo({ body: ['x'.repeat(524_288), s] }, { table: 'notes' }), 'field_too_large'],
    ['an actor over its limit', todo({}, { actor: { ...ada, name: 'x'.repeat(20_000) } }), 'field_too_large'],
    ['NUL', todo({ title: ['a\0b', s] }), 'invalid_string'],
    ['a lone surrogate', todo({ title: ['\ud800', s] }), 'invalid_string'],
    ['NUL in a nested key', todo({ evidence: [{ a: { 'b\0': 1 } }, s] }, { table: 'milestones' }), 'invalid_string'],
    ['NUL in the actor', todo({}, { actor: { ...ada, name: '\0' } }), 'invalid_string'],
    ['a pair of surrogates', todo({ title: ['😀', s] }), 'ok'],
    ['2^53', todo({ doneAt: [2 ** 53, s] }), 'unsafe_number'],
    ['1e400', todo({ doneAt: [JSON.parse('1e400'), s] }), 'unsafe_number'],
    ['-0', todo({ priority: [-0, s] }), 'ok'],
    ['a wrong type', todo({ title: [5, s] }), 'invalid_value'],
    ['null where it has no meaning', todo({ title: [null, s] }), 'invalid_value'],
    ['null where it is a value', todo({ due: [null, s] }), 'ok'],
    ['30 February', todo({ due: ['2026-02-30', s] }), 'invalid_value'],
    ['the year 275760', todo({ due: ['+275760-09-13', s] }), 'invalid_value'],
    ['a deleted that is text', todo({}, { deleted: ['yes', s] }), 'invalid_value'],
    ['a reserved value', todo({ evidence: [{ $inc: 1 }, s] }, { table: 'milestones' }), 'invalid_value'],
    ['two keys with a $', todo({ evidence: [{ $a: 1, b: 2 }, s] }, { table: 'milestones' }), 'ok'],
    ['no cells', todo({}), 'ok'],
    ['bidi and zero-width text', todo({ title: ['\u202eabc\u200b', s] }), 'ok'],
    ['a delete of an unknown id', todo({}, { fields: undefined, deleted: [true, s] }), 'ok'],
    ['a stamp from 1970', todo({ title: ['x', formatStamp({ ms: 0, counter: 0, node: CLIENT })] }), 'ok'],
    ['a counter at its maximum', todo({ title: ['x', stamp(0, 0xffff)] }), 'ok'],
  ];
  it.each(cases)('%s', (_name, op, code) => {
    expect(judge(op)).toBe(code);
  });

  it('come in the order of the protocol: with one fault mended at a time, the next one is told', () => {
    bad.push([feedback({ body: ['first', s] })]);
    // every fault at once; mended one by one, in the order of the list
    const op: Record<string, unknown> = feedback(
      { colour: ['\0', 'x'], accepted: [s, s], body: ['\0'.repeat(70_000), 'x'], createdAt: [2 ** 60, 'x'] },
      { space: ID, table: 'nope', id: 'x', group: 5, actor: { ...ada, kind: 'root' } },
    );
    const mends: Record<string, () => void> = {
      bad_op: () => delete op.group,
      forbidden_space: () => Object.assign(op, { space: SPACE }),
      unknown_table: () => Object.assign(op, { table: 'feedback' }),
      bad_id: () => Object.assign(op, { id: ID }),
      unknown_field: () => delete (op.fields as Record<string, unknown>).colour,
      forbidden_field: () => delete (op.fields as Record<string, unknown>).accepted,
      bad_stamp: () => {
        const foreign = stamp(0, 0, OTHER);
        op.fields = { body: ['\0'.repeat(70_000), foreign], createdAt: [2 ** 60, foreign] };
      },
      node_mismatch: () => Object.assign(op, { fields: { body: ['\0'.repeat(70_000), s], createdAt: [2 ** 60, s] } }),
      bad_actor: () => Object.assign(op, { actor: ada }),
      field_too_large: () => Object.assign(op, { fields: { body: ['\0', s], createdAt: [2 ** 60, s] } }),
      invalid_string: () => Object.assign(op, { fields: { body: [5, s], createdAt: [2 ** 60, s] } }),
      unsafe_number: () => Object.assign(op, { fields: { body: [5, s], createdAt: [1, s] } }),
      invalid_value: () => Object.assign(op, { fields: { body: ['other', s] } }),
    };
    const told: string[] = [];
    for (;;) {
      const code = codes(bad.push([op]))[0] ?? '';
      told.push(code);
      const mend = mends[code];
      if (mend === undefined) break;
      mend();
    }
    expect(told).toEqual(OP_CODES.slice(0, 14));
  });

  it('viewers may not write', () => {
    expect(codes(new IngestSpace({ role: 'viewer' }).push([todo({ title: ['x', stamp()] })]))).toEqual([
      'forbidden_space',
    ]);
  });

  it('one bad op never blocks the rest, and its stored state does not change', () => {
    const space = new IngestSpace();
    const plan = space.push([todo({ title: ['ok', stamp()] }), todo({ nope: [1, stamp()] }, { id: ID2 }), 5]);
    expect(codes(plan)).toEqual(['ok', 'unknown_field', 'bad_op']);
    expect(plan.changed.map((record) => record.id)).toEqual([ID]);
    expect(plan.heads.get(SPACE)).toBe(1);
  });
});

describe('insert-only rows', () => {
  const row = feedback({ body: ['hello', stamp()], createdAt: [1, stamp()] });

  it('get accepted, in the order of their acceptance, over batches and within one', () => {
    const space = new IngestSpace();
    const ids = ['a', 'b', 'c'].map((letter) => ID.replace(/.$/, letter));
    space.push([
      { ...row, id: ids[2] },
      { ...row, id: ids[0] },
    ]);
    space.push([{ ...row, id: ids[1] }]);
    const accepted = (id = '') => String(space.cells('feedback', id).accepted?.value);
    expect([accepted(ids[2]), accepted(ids[0]), accepted(ids[1])]).toEqual(
      [accepted(ids[0]), accepted(ids[1]), accepted(ids[2])].sort(),
    );
    expect(parseStamp(accepted(ids[0])).node).toBe(SERVER_NODE);
    expect(space.cells('feedback', ids[0] ?? '').accepted?.stamp).toBe(accepted(ids[0]));
  });

  it.each([
    ['another value', { ...row, fields: { body: ['other', stamp(1)] } }, 'immutable'],
    ['another value with an older stamp', { ...row, fields: { body: ['other', stamp(-1)] } }, 'immutable'],
    ['a further field', { ...row, fields: { kind: ['praise', stamp(1)] } }, 'immutable'],
    ['a delete', { ...row, deleted: [true, stamp(1)] }, 'immutable'],
    ['the same again', row, 'ok'],
    ['a part of the same', { ...row, fields: { body: ['hello', stamp()] } }, 'ok'],
  ])('%s once accepted: %s', (_name, op, code) => {
    const space = new IngestSpace();
    space.push([row]);
    const before = space.cells('feedback', ID);
    const plan = space.push([op]);
    expect(codes(plan)).toEqual([code]);
    expect(plan.changed).toEqual([]);
    expect(space.cells('feedback', ID)).toEqual(before);
  });

  it('stand when the same values come with other stamps, which are told as lost', () => {
    const space = new IngestSpace();
    space.push([row]);
    const plan = space.push([{ ...row, fields: { body: ['hello', stamp(5)] } }]);
    expect(plan.results).toEqual([{ status: 'ok', lost: ['body'] }]);
  });

  it('of two in one batch the first is accepted', () => {
    const plan = new IngestSpace().push([row, { ...row, fields: { body: ['other', stamp(1)] } }]);
    expect(codes(plan)).toEqual(['ok', 'immutable']);
  });
});

describe('write-once fields', () => {
  const execution = (client: string, at: string, more = {}) =>
    todo({ clientId: [client, at], status: ['done', at] }, { table: 'executions', ...more });

  it('answer taken to another value, whatever its stamp, and ok to the same', () => {
    const space = new IngestSpace();
    space.push([execution('a', stamp())]);
    expect(codes(space.push([execution('b', stamp(10))]))).toEqual(['taken']);
    expect(codes(space.push([execution('b', stamp(-10))]))).toEqual(['taken']);
    expect(codes(space.push([execution('a', stamp(10))]))).toEqual(['ok']);
    expect(codes(space.push([todo({ status: ['undone', stamp(20)] }, { table: 'executions' })]))).toEqual(['ok']);
    expect(space.cells('executions', ID).clientId?.value).toBe('a');
  });

  it('take the group along: one of two offline executions stands', () => {
    const space = new IngestSpace();
    space.push([execution('a', stamp())]);
    const effect = todo({ title: ['from b', stamp(5)] }, { id: ID2, group: GROUP });
    const plan = space.push([effect, execution('b', stamp(5), { group: GROUP })]);
    expect(codes(plan)).toEqual(['group_refused', 'taken']);
    expect(plan.changed).toEqual([]);
    expect(plan.log).toEqual([]);
  });
});

describe('groups', () => {
  const good = (id: string, group?: string) => todo({ title: [id, stamp()] }, { id, ...(group && { group }) });

  it('are accepted whole or refused whole', () => {
    const ops = [good(ID, GROUP), todo({ nope: [1, stamp()] }, { group: GROUP }), good(ID2)];
    expect(codes(new IngestSpace().push(ops))).toEqual(['group_refused', 'unknown_field', 'ok']);
  });

  it('count a malformed op in', () => {
    expect(codes(new IngestSpace().push([good(ID, GROUP), { group: GROUP }]))).toEqual(['group_refused', 'bad_op']);
  });

  it('share a space', () => {
    const space = new IngestSpace({ more: [ID] });
    expect(codes(space.push([good(ID, GROUP), { ...good(ID2, GROUP), space: ID }]))).toEqual([
      'group_refused',
      'bad_op',
    ]);
  });

  it('that are refused leave nothing in the way of others', () => {
    const insert = (body: string, group?: string) => feedback({ body: [body, stamp()] }, group ? { group } : {});
    const ops = [insert('refused', GROUP), todo({ nope: [1, stamp()] }, { group: GROUP }), insert('stands')];
    const space = new IngestSpace();
    expect(codes(space.push(ops))).toEqual(['group_refused', 'unknown_field', 'ok']);
    expect(space.cells('feedback', ID).body?.value).toBe('stands');
  });
});

describe('conflicts and lost', () => {
  const results = (space: IngestSpace, op: unknown): readonly OpResult[] => space.push([op]).results;

  it('names a cell that replaced another stamp than the stored one, and merges it', () => {
    const space = new IngestSpace();
    space.push([todo({ title: ['a', stamp(0)] })]);
    expect(results(space, todo({ title: ['b', stamp(1), stamp(0)] }))).toEqual([{ status: 'ok' }]);
    expect(results(space, todo({ title: ['c', stamp(2), stamp(0)] }))).toEqual([
      { status: 'ok', conflicts: ['title'] },
    ]);
    expect(space.cells('todos', ID).title?.value).toBe('c');
  });

  it('names cells that did not win, also on equal stamps, and the stored one stands', () => {
    const space = new IngestSpace();
    space.push([todo({ title: ['a', stamp(5)] }, { deleted: [false, stamp(5)] })]);
    const plan = space.push([todo({ title: ['z', stamp(5)] }, { deleted: [true, stamp(4), stamp(1)] })]);
    expect(plan.results).toEqual([{ status: 'ok', conflicts: ['deleted'], lost: ['title', 'deleted'] }]);
    expect(plan.changed).toEqual([]);
    expect(space.cells('todos', ID).title?.value).toBe('a');
    expect(plan.log[0]?.cells.title).toEqual({ value: 'z', stamp: stamp(5), won: false, previous: ['a', stamp(5)] });
  });

  it('sending again what is stored is neither', () => {
    const space = new IngestSpace();
    const op = todo({ title: ['a', stamp(5), stamp(1)] });
    space.push([op]);
    const again = space.push([op]);
    expect(again.results).toEqual([{ status: 'ok' }]);
    expect(again.changed).toEqual([]);
  });

  it('a field written under a tombstone merges and does not bring the record back', () => {
    const space = new IngestSpace();
    space.push([todo({ title: ['a', stamp(0)] }, { deleted: [true, stamp(1)] })]);
    space.push([todo({ title: ['b', stamp(2)] })]);
    expect(space.cells('todos', ID)).toMatchObject({ title: { value: 'b' }, [DELETED]: { value: true } });
    space.push([todo({}, { deleted: [false, stamp(3)] })]);
    expect(space.cells('todos', ID)[DELETED]?.value).toBe(false);
  });
});

describe('stamps ahead of server time', () => {
  const year = 365 * 86_400_000;

  it('up to 60 s ahead are kept', () => {
    expect(new IngestSpace().push([todo({ title: ['x', stamp(60_000)] })]).restamped).toEqual({});
  });

  it('further ahead become consecutive stamps just above server time, in text order, with the own node', () => {
    const space = new IngestSpace();
    const [late, later] = [stamp(year), stamp(year, 1)];
    const plan = space.push([
      todo({ note: ['n', later], title: ['t', late] }),
      todo({ done: [true, late] }, { id: ID2 }),
    ]);
    const first = parseStamp(plan.restamped[late] ?? '');
    expect(first).toEqual({ ms: plan.serverTimeMs, counter: 1, node: CLIENT });
    expect(plan.restamped[later]).toBe(formatStamp({ ...first, counter: 2 }));
    expect(space.cells('todos', ID2).done?.stamp).toBe(plan.restamped[late]);
    expect(plan.greatestStamp).toBe(plan.restamped[later]);
  });

  it("stay above the client's greatest accepted stamp, that of the same batch included", () => {
    const space = new IngestSpace();
    space.push([todo({ title: ['kept', stamp(50_000, 7)] })]);
    const plan = space.push([todo({ title: ['x', stamp(year)], note: ['y', stamp(55_000)] })]);
    expect(plan.restamped).toEqual({ [stamp(year)]: stamp(55_000, 1) });
  });

  it('carry the counter into the milliseconds', () => {
    const space = new IngestSpace();
    space.push([todo({ title: ['kept', stamp(50_000, 0xffff)] })]);
    expect(space.push([todo({ title: ['x', stamp(year)] })]).restamped).toEqual({ [stamp(year)]: stamp(50_001, 0) });
  });

  it('leave refused ops alone, and a replaced stamp is read as the one it became', () => {
    const space = new IngestSpace();
    const ops = [
      todo({ title: ['a', stamp(year)] }),
      todo({ title: ['b', stamp(year, 1), stamp(year)] }),
      todo({ nope: ['c', stamp(2 * year)] }),
    ];
    const plan = space.push(ops);
    expect(Object.keys(plan.restamped)).toEqual([stamp(year), stamp(year, 1)]);
    expect(plan.results[1]).toEqual({ status: 'ok' });
    expect(space.cells('todos', ID).title?.value).toBe('b');
  });

  it('server time never falls when the wall clock does', () => {
    const space = new IngestSpace();
    const first = space.push([todo({ title: ['a', stamp()] })], { wallMs: NOW + year });
    const second = space.push([todo({ title: ['b', stamp(1)] })], { wallMs: NOW });
    expect(second.serverTimeMs).toBeGreaterThan(first.serverTimeMs);
  });

  it('server time never falls with a batch that has no op, or none that was accepted', () => {
    const space = new IngestSpace();
    const { serverTimeMs } = space.push([todo({ title: ['a', stamp()] })], { wallMs: NOW + year });
    for (const ops of [[], [5], [todo({ nope: [1, stamp()] })]]) {
      expect(space.push(ops, { wallMs: NOW }).serverTimeMs).toBe(serverTimeMs);
    }
  });

  it('server time is at least that of spaces which the batch does not name', () => {
    const plan = (atLeastMs: number) =>
      planIngest({
        ops: [],
        writer: { kind: 'account', userId: 'user-1', client: CLIENT, mayRecover: false },
        spaces: new Map(),
        stored: new Map(),
        tables: tableByName,
        wallMs: NOW,
        atLeastMs,
        greatestStamp: '',
      });
    expect(plan(NOW + year).serverTimeMs).toBe(NOW + year);
    expect(plan(NOW - year).serverTimeMs).toBe(NOW);
  });
});

describe('recovery', () => {
  const foreign = todo({ title: ['x', stamp(0, 0, OTHER)] }, { actor: { kind: 'user', id: 'user-2', name: 'Bob' } });
  const accepted = formatStamp({ ms: NOW - 5000, counter: 3, node: SERVER_NODE });
  const row = feedback({ body: ['b', stamp(0, 0, OTHER)], accepted: [accepted, accepted] });

  it('takes other nodes, actors and server-owned fields from a client that may', () => {
    const space = new IngestSpace();
    expect(codes(space.push([foreign, row], { mayRecover: true }))).toEqual(['ok', 'ok']);
    expect(space.cells('feedback', ID).accepted?.value).toBe(accepted);
    expect(codes(space.push([foreign, row]))).toEqual(['node_mismatch', 'forbidden_field']);
    expect(codes(space.push([row], { mayRecover: true }))).toEqual(['ok']);
  });

  it('takes no invented accepted', () => {
    const op = feedback({ accepted: ['soon', accepted] });
    expect(codes(new IngestSpace().push([op], { mayRecover: true }))).toEqual(['invalid_value']);
  });
});

describe('the system as writer', () => {
  const runner = { kind: 'system', id: 'mission-runner', name: 'Mission runner' };

  it('writes as system and as ai, not as a user', () => {
    const space = new IngestSpace();
    const write = (actor: unknown, table = 'todos') => codes(space.pushAsSystem([todo({}, { actor, table })]))[0];
    expect(write(runner)).toBe('ok');
    expect(write({ ...ada, kind: 'ai' })).toBe('ok');
    expect(write({ ...ada, kind: 'ai' }, 'missions')).toBe('bad_actor');
    expect(write(ada)).toBe('bad_actor');
  });
});

describe('below the horizon', () => {
  it('a forgotten tombstone takes only being brought back, or what is stored', () => {
    const space = new IngestSpace();
    const deletion = todo({}, { fields: undefined, deleted: [true, stamp(1)] });
    space.push([todo({ title: ['a', stamp()] }), deletion]);
    space.horizon = 1;
    expect(codes(space.push([todo({ title: ['b', stamp(2)] })]))).toEqual(['below_horizon']);
    expect(codes(space.push([deletion]))).toEqual(['ok']);
    expect(codes(space.push([todo({ title: ['b', stamp(2)] }, { deleted: [false, stamp(2)] })]))).toEqual(['ok']);
    expect(codes(space.push([todo({ title: ['c', stamp(3)] })]))).toEqual(['ok']);
  });
});

describe('sequence numbers', () => {
  it('each changed record gets one of its own, a record changed twice in a batch keeps its first', () => {
    const space = new IngestSpace();
    const plan = space.push([
      todo({ title: ['a', stamp()] }),
      todo({ title: ['b', stamp()] }, { id: ID2 }),
      todo({ note: ['c', stamp()] }),
    ]);
    expect(plan.changed.map(({ id, seq }) => [id, seq])).toEqual([
      [ID, 1],
      [ID2, 2],
    ]);
    expect(plan.log.map(({ seq }) => seq)).toEqual([1, 2, 1]);
    expect(space.push([todo({ title: ['d', stamp(1)] })]).changed.map(({ seq }) => seq)).toEqual([3]);
  });
});

it('names what is to be locked and read', () => {
  const ops = [
    todo({}),
    todo({}, { table: '__proto__' }),
    null,
    todo({}, { space: ID }),
    todo({}, { id: 'x' }),
    todo({}),
  ];
  expect(spacesOf(ops)).toEqual([SPACE, ID].sort());
  expect(touchedKeys(ops, tableByName).map(recordKey)).toEqual([`${SPACE}|todos|${ID}`, `${ID}|todos|${ID}`]);
});
