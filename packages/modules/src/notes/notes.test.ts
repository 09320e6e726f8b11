import { derivedId } from '@manara/kernel/id';
import { blankRow } from '@manara/shared-ai/tool-preview';
import { worldOf } from '@manara/shared-ai/world';
import { RUNNER_ACTOR } from '@manara/sync-core/actor';
import type { AnyRow } from '@manara/sync-core/define-table';
import { MemorySpace } from '@manara/testkit/memory-space';
import { describe, expect, it } from 'vitest';
import { tables, toolByName } from '../registry.ts';
import { createNote, deleteNote, editNote, restoreNote, setNotePinned } from './actions.ts';
import { allNotes, matchesNote, noteTitle, searchNotes } from './queries.ts';
import { askingLines } from './rules.ts';
import { NOTE_BODY_BYTES_MAX, type Note, notes } from './schema.ts';

const ID = derivedId('n');
const note = (more: Partial<Note> = {}): Note => ({
  ...(blankRow(notes, ID) as unknown as Note),
  title: 'Trip',
  body: 'Old',
  ...more,
});
const worldWith = (one: Note) =>
  worldOf(new Map([['notes', new Map([[one.id, one as unknown as AnyRow]])]]), '2026-11-20', 1);
const tool = (name: string) =>
  toolByName.get(name) ??
  (() => {
    throw new Error(name);
  })();
const ids = { newId: (slot: string) => derivedId('step', slot) };

describe('actions and queries', () => {
  it('create, pin, delete, restore; pinned first, then the one touched last', async () => {
    const space = new MemorySpace(tables, 'aaaaaaaaaaaaaaaa');
    const made = ['One', 'Two', 'Three'].map((title, index) => {
      const [write] = createNote({ title, body: `text ${title}` }, { newId: () => derivedId('note', index) });
      space.write([write as never], RUNNER_ACTOR, index + 1);
      return write?.id ?? '';
    });
    const listed = async () => (await allNotes(space)).map((one) => one.title);
    expect(await listed()).toEqual(['Three', 'Two', 'One']);
    space.write(setNotePinned(made[0] ?? '', true), RUNNER_ACTOR, 9);
    expect(await listed()).toEqual(['One', 'Three', 'Two']);
    space.write(deleteNote(made[1] ?? ''), RUNNER_ACTOR, 10);
    expect(await listed()).toEqual(['One', 'Three']);
    space.write(restoreNote(made[1] ?? ''), RUNNER_ACTOR, 11);
    expect((await searchNotes(space, 'TEXT two')).map((one) => one.title)).toEqual(['Two']);
    expect(matchesNote({ title: 'a', body: 'b' }, 'c')).toBe(false);
  });

  it('editing writes only what differs and keeps text as typed', () => {
    expect(editNote(note(), { title: 'Trip', body: 'Old' })).toEqual([]);
    expect(editNote(note(), { title: 'Trip ', body: 'Old\u200b\0' })[0]?.set).toEqual({
      title: 'Trip ',
      body: 'Old\u200b',
    });
  });

  it('is called by its title, else by its first words', () => {
    expect(noteTitle(note())).toBe('Trip');
    expect(noteTitle(note({ title: ' ', body: '\n## Hello *you*\nmore' }))).toBe('Hello *you*');
    expect(noteTitle(note({ title: '', body: '' }))).toBe('Untitled');
  });
});

describe('tools', () => {
  it('append adds a line of its own', () => {
    const added = (body: string) =>
      tool('notes.append').apply({ id: ID, text: 'new' }, worldWith(note({ body })), ids)[0]?.set?.['body'];
    expect(added('Old')).toBe('Old\nnew');
    expect(added('Old\n')).toBe('Old\nnew');
    expect(added('')).toBe('new');
  });

  it.each([
    ['notes.create', { title: 'Trip', body: 'x' }, 'Create the note "Trip"'],
    ['notes.append', { id: ID, text: '- pack' }, 'Add to "Trip": "- pack"'],
    ['notes.update', { id: ID, title: 'Lisbon', pinned: true }, 'Change the note "Trip": to "Lisbon", pin it'],
    ['notes.delete', { id: ID }, 'Delete the note "Trip"'],
  ])('%s %j says %s', (name, args, words) => expect(tool(name).summarize(args, worldWith(note()))).toBe(words));

  it('breaks its premise for a deleted note, one that is like that, and one that would be too long', () => {
    const reason = (name: string, args: Record<string, string>, one: Note) => {
      const premise = tool(name).premise(args, worldWith(one));
      return premise.holds ? null : premise.reason;
    };
    expect(reason('notes.append', { id: ID, text: 'x' }, note({ deleted: true }))).toBe('"Trip" was deleted');
    expect(reason('notes.update', { id: ID, title: 'Trip' }, note())).toContain('already');
    expect(
      reason('notes.append', { id: ID, text: 'x' }, note({ body: 'x'.repeat(NOTE_BODY_BYTES_MAX - 2) })),
    ).toContain('too long');
    expect(reason('notes.append', { id: ID, text: 'x' }, note())).toBeNull();
  });

  it('refuses empty text, an empty title, and a change of nothing', () => {
    for (const [name, args] of [
      ['notes.append', { id: ID, text: ' ' }],
      ['notes.create', { title: '' }],
      ['notes.update', { id: ID }],
    ] as const) {
      expect(tool(name).input['~standard'].validate(args)).toHaveProperty('issues');
    }
  });
});

describe('lines that ask for something', () => {
  it('are open boxes, TODO lines and plain list lines, without markup, and none in code', () => {
    const body = [
      '# TODO: call **Bo**',
      '- [ ] buy `milk`',
      '- [x] done',
      '* [ ] [book](https://x.y) room',
      '1. [ ] numbered',
      '- plain line',
      'TODO: see me',
      'prose with TODO inside',
      '```',
      '- [ ] example',
      'TODO: example',
      '```',
      '- [ ]   ',
      '> todo: quoted',
      '  - TODO: nested',
    ].join('\n');
    expect(askingLines(note({ body })).map((line) => [line.kind, line.text])).toEqual([
      ['todo', 'call Bo'],
      ['box', 'buy milk'],
      ['box', 'book room'],
      ['box', 'numbered'],
      ['bullet', 'plain line'],
      ['todo', 'see me'],
      ['todo', 'nested'],
    ]);
  });
  it('are not those that are struck out whole', () => {
    const body = [
      '- [ ] ~~cancelled~~',
      '- [ ] ~~one~~ ~~two~~.',
      'TODO: ~~cancelled~~',
      '- ~~cancelled~~',
      '- [ ] ~~Ann~~ call Bo',
      '- [ ] a ~ b',
    ].join('\n');
    expect(askingLines(note({ body })).map((line) => line.text)).toEqual(['Ann call Bo', 'a ~ b']);
  });
  it('quote the line as it stands', () => {
    for (const line of askingLines(note({ body: '  - [ ] **Buy** milk' })))
      expect('  - [ ] **Buy** milk').toContain(line.quote);
  });
});
