import { RUNNER_ACTOR } from '@manara/sync-core/actor';
import { expect, it } from 'vitest';
import { createStamper } from './stamp-writes.ts';

const SPACE = '00000000-0000-4000-8000-00000000000a';
const CLIENT = '9f3a1c7e5b2d4f60';

function stamp(groups: Parameters<ReturnType<typeof createStamper>['toOps']>[0], stamper = createStamper(CLIENT)) {
  let n = 0;
  return stamper.toOps(groups, { space: SPACE, actor: RUNNER_ACTOR, nowMs: 1000, newId: () => `group-${++n}` });
}

it('gives every cell a stamp of its own, rising, with the runner as node and actor', () => {
  const [op] = stamp([[{ table: 'todos', id: 'a', set: { title: 'x', note: 'y' }, deleted: false }]]);
  expect(op).toEqual({
    space: SPACE,
    table: 'todos',
    id: 'a',
    fields: { title: ['x', `0000000003e8-0000-${CLIENT}`], note: ['y', `0000000003e8-0001-${CLIENT}`] },
    deleted: [false, `0000000003e8-0002-${CLIENT}`],
    actor: RUNNER_ACTOR,
  });
});

it('makes each list one group, and a single write none', () => {
  const write = (id: string) => ({ table: 'todos', id, set: { title: 'x' } });
  const ops = stamp([[write('a'), write('b')], [write('c')], [write('d'), write('e')]]);
  expect(ops.map((op) => op.group)).toEqual(['group-1', 'group-1', undefined, 'group-2', 'group-2']);
});

it('writes later than what it has read, whatever its wall clock says', () => {
  const stamper = createStamper(CLIENT);
  const read = 'ffffffff0000-0003-aaaaaaaaaaaaaaaa';
  stamper.observe([read]);
  const [op] = stamp([[{ table: 'todos', id: 'a', set: { title: 'x' } }]], stamper);
  expect((op?.fields?.title?.[1] ?? '') > read).toBe(true);
});

it('keeps the actor of a write that names one, and stamps that it brings', () => {
  const actor = { kind: 'ai' as const, id: 'm', name: 'Mission' };
  const own = `000000000001-0000-${CLIENT}`;
  const [op] = stamp([[{ table: 'todos', id: 'a', set: { title: 'x' }, actor, stamps: { title: own } }]]);
  expect(op).toMatchObject({ actor, fields: { title: ['x', own] } });
});
