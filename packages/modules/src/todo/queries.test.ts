import { derivedId } from '@manara/kernel/id';
import { RUNNER_ACTOR } from '@manara/sync-core/actor';
import { put } from '@manara/sync-core/write';
import { MemorySpace } from '@manara/testkit/memory-space';
import { describe, expect, it } from 'vitest';
import { allTodos, DONE_MAX, doneTodos, dueTodos, olderDoneCount, openTodos, searchTodos } from './queries.ts';
import { type Todo, todos } from './schema.ts';

/** More than any view ever listed. */
const MANY = 6000;
const id = (name: string | number) => derivedId('todo', String(name));
const titles = (rows: readonly Todo[]) => rows.map((todo) => todo.title);

/** Years of done todos, and the open one that was written last. */
function longUsed() {
  const space = new MemorySpace([todos], 'aaaaaaaaaaaaaaaa');
  const done = Array.from({ length: MANY }, (_, at) =>
    put(todos, id(at), { title: `done ${at}`, done: true, doneAt: at, due: '2026-01-01', position: 'a' }),
  );
  space.write([...done, put(todos, id('new'), { title: 'new', due: '2026-11-20', position: 'b' })], RUNNER_ACTOR, 5);
  return space;
}

describe('after years of use', () => {
  const space = longUsed();

  it('every open todo is listed, the one written last too', async () => {
    expect(titles(await openTodos(space))).toEqual(['new']);
    expect(titles(await dueTodos(space, '2026-11-20'))).toEqual(['new']);
    expect(titles(await allTodos(space))).toContain('new');
  });

  it('of the done ones the latest are, and how many are not is known', async () => {
    const done = await doneTodos(space);
    expect([done.length, done[0]?.title]).toEqual([DONE_MAX, `done ${MANY - 1}`]);
    expect(await allTodos(space)).toHaveLength(1 + DONE_MAX);
    expect(await olderDoneCount(space)).toBe(MANY - DONE_MAX);
  });

  it('a search finds any of them', async () => {
    expect(titles(await searchTodos(space, 'new'))).toEqual(['new']);
    expect(titles(await searchTodos(space, 'done 17'))).toContain('done 17');
  });
});

it('lists what has a flag without a time, or a time without a flag', async () => {
  const space = new MemorySpace([todos], 'aaaaaaaaaaaaaaaa');
  space.write(
    [put(todos, id(1), { title: 'flag', done: true }), put(todos, id(2), { title: 'time', doneAt: 5 })],
    RUNNER_ACTOR,
    5,
  );
  expect(titles(await allTodos(space)).sort()).toEqual(['flag', 'time']);
  expect(await olderDoneCount(space)).toBe(0);
});
