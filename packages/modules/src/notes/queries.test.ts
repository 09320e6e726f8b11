import { derivedId } from '@manara/kernel/id';
import { RUNNER_ACTOR } from '@manara/sync-core/actor';
import { put } from '@manara/sync-core/write';
import { MemorySpace } from '@manara/testkit/memory-space';
import { expect, it } from 'vitest';
import { allNotes, searchNotes } from './queries.ts';
import { notes } from './schema.ts';

it('lists and finds every note, however many there are: the newest first, and the oldest when it is pinned', async () => {
  const space = new MemorySpace([notes], 'aaaaaaaaaaaaaaaa');
  // Ids grow, as those of a device do.
  const id = (at: number) => derivedId('note').slice(0, -4) + at.toString(16).padStart(4, '0');
  for (let at = 0; at < 3000; at++) {
    space.write([put(notes, id(at), { title: `note ${at}`, pinned: at === 0 })], RUNNER_ACTOR, at + 1);
  }
  const listed = (await allNotes(space)).map((note) => note.title);
  expect(listed).toHaveLength(3000);
  expect(listed.slice(0, 2)).toEqual(['note 0', 'note 2999']);
  expect(await searchNotes(space, 'note 2999')).toHaveLength(1);
});
