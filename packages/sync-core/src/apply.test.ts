import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Actor } from './actor.ts';
import { lostTexts, recordCells, repairedCells, replacedCells } from './apply.ts';
import type { Cells } from './record.ts';
import { recoveryOps, surplusFields, waitingStamps, withNode } from './recovery.ts';
import { formatStamp } from './stamp.ts';
import { utf8Bytes, valueFault } from './value-limits.ts';
import type { Op } from './wire-op.ts';

const at = (ms: number): string => formatStamp({ ms, counter: 0, node: '9f3a1c7e5b2d4f60' });
const ada: Actor = { kind: 'user', id: 'u', name: 'Ada' };
const runner: Actor = { kind: 'system', id: 'mission-runner', name: 'Mission runner' };
const waitingOp = (value: string, stamp: string, replaced?: string): Op => ({
  space: 's',
  table: 'notes',
  id: 'n',
  actor: ada,
  fields: { body: replaced ? [value, stamp, replaced] : [value, stamp] },
});
const BODY = new Set(['body']);

describe('records that come in', () => {
  it('takes the actor of each field', () => {
    const cells = recordCells({
      table: 'todos',
      id: 'a',
      seq: 1,
      fields: { title: ['x', at(2)], done: [true, at(1)] },
      deleted: [false, at(1)],
      actor: ada,
      actorOf: { done: runner },
    });
    expect([cells.title?.actor, cells.done?.actor, cells.$deleted?.actor]).toEqual([ada, runner, ada]);
  });
  it('keeps a text that lost while it waited', () => {
    const local: Cells = { body: { value: 'mine', stamp: at(5), actor: ada } };
    const theirs: Cells = { body: { value: 'theirs', stamp: at(9) } };
    expect(lostTexts(local, theirs, [waitingOp('mine', at(5), at(1))], BODY)).toMatchObject([
      { text: 'mine', stands: 'theirs' },
    ]);
    expect(
      lostTexts(local, { body: { value: 'older', stamp: at(3) } }, [waitingOp('mine', at(5), at(1))], BODY),
    ).toMatchObject([{ text: 'older', stands: 'mine' }]);
  });
  it('sees no conflict in what the waiting writes replaced, in its own echo, or in an acknowledged text', () => {
    const local: Cells = { body: { value: 'two', stamp: at(6) } };
    const waiting = [waitingOp('one', at(5), at(1)), waitingOp('two', at(6), at(5))];
    for (const stamp of [at(1), at(5), at(6)]) {
      expect(lostTexts(local, { body: { value: 'base', stamp } }, waiting, BODY)).toEqual([]);
    }
    expect(lostTexts(local, { body: { value: 'base', stamp: at(9) } }, [], BODY)).toEqual([]);
    expect(lostTexts(local, { body: { value: 'two', stamp: at(9) } }, waiting, BODY)).toEqual([]);
  });
  it("sets refused cells to the server's whatever their stamps, and keeps what was written since", () => {
    const local: Cells = {
      title: { value: 'refused', stamp: at(9) },
      body: { value: 'later', stamp: at(10) },
      only: { value: 1, stamp: at(9) },
    };
    const server: Cells = { title: { value: 'server', stamp: at(2) }, body: { value: 'old', stamp: at(2) } };
    const repaired = repairedCells(local, server, { title: at(9), body: at(9), only: at(9) });
    expect(repaired.title?.value).toBe('server');
    expect(repaired.body?.value).toBe('later');
    expect(repaired.only).toBeUndefined();
  });
  it('a reset keeps what waits, newer or older fields alike by stamp', () => {
    const server: Cells = { body: { value: 'server', stamp: at(4) }, title: { value: 't', stamp: at(4) } };
    expect(replacedCells(server, [waitingOp('mine', at(5))]).body?.value).toBe('mine');
    expect(replacedCells(server, [waitingOp('mine', at(3))]).body?.value).toBe('server');
  });
});

describe('recovery', () => {
  const local: Cells = {
    title: { value: 'new', stamp: at(9), actor: ada },
    tool: { value: 'x', stamp: at(3), actor: runner },
    note: { value: 'same', stamp: at(2), actor: ada },
    accepted: { value: at(3), stamp: at(3), actor: ada },
  };
  it('selects what is newer or missing on the server', () => {
    expect(surplusFields(local, undefined).sort()).toEqual(['accepted', 'note', 'title', 'tool']);
    expect(
      surplusFields(local, {
        title: { value: 'old', stamp: at(1) },
        note: { value: 'same', stamp: at(2) },
        tool: { value: 'y', stamp: at(4) },
        accepted: { value: at(3), stamp: at(3) },
      }),
    ).toEqual(['title']);
  });
  it("sends each actor's cells as that actor, accepted with its row, and leaves out what waits anyway", () => {
    const ops = recoveryOps(
      { space: 's', table: 'steps', id: 'i' },
      local,
      Object.keys(local),
      new Set([`steps|i|note|${at(2)}`]),
      ada,
    );
    expect(ops.map((op) => [op.actor.kind, Object.keys(op.fields ?? {})])).toEqual([
      ['user', ['title', 'accepted']],
      ['system', ['tool']],
    ]);
    expect(waitingStamps([{ n: 1, ops: [{ ...waitingOp('x', at(2)), deleted: [true, at(3)] }] }])).toEqual(
      new Set([`notes|n|body|${at(2)}`, `notes|n|$deleted|${at(3)}`]),
    );
  });
  it('replaces the node of its own stamps and nothing else', () => {
    expect(withNode(at(7), '9f3a1c7e5b2d4f60', '00000000000000aa')).toBe(
      at(7).replace('9f3a1c7e5b2d4f60', '00000000000000aa'),
    );
    expect(withNode(at(7), 'bbbbbbbbbbbbbbbb', '00000000000000aa')).toBe(at(7));
  });
});

describe('value limits', () => {
  it('counts UTF-8 bytes as an encoder does', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(utf8Bytes(text)).toBe(new TextEncoder().encode(text).length);
      }),
    );
  });
  it.each([
    ['\0', 'invalid_string'],
    [{ '\ud800': 1 }, 'invalid_string'],
    [['ok', '\udc00'], 'invalid_string'],
    [2 ** 53, 'unsafe_number'],
    [Number.NaN, 'unsafe_number'],
    [Number.POSITIVE_INFINITY, 'unsafe_number'],
    [1e300, 'unsafe_number'],
    [0.1, null],
    ['𝄞 \u202e', null],
    [2 ** 53 - 1, null],
    [null, null],
  ])('%j is %s', (value, fault) => expect(valueFault(value as never)).toBe(fault));
  it('finds nesting that is too deep without recursion', () => {
    let deep: unknown = 1;
    for (let level = 0; level < 100_000; level++) deep = [deep];
    expect(valueFault(deep as never)).toBe('too_deep');
    let fits: unknown = 1;
    for (let level = 0; level < 26; level++) fits = [fits];
    expect(valueFault(fits as never)).toBeNull();
    expect(valueFault([fits] as never)).toBe('too_deep');
  });
});
