import { cleanText, oneLine, quoted } from '@manara/shared-ai/clean-text';
import { defineTool } from '@manara/shared-ai/define-tool';
import { id } from '@manara/shared-ai/tables/fields';
import type { Premise, Tool, World } from '@manara/shared-ai/tool';
import { blankRow, cardOf, rowAfter } from '@manara/shared-ai/tool-preview';
import { jsonBytes } from '@manara/sync-core/value-limits';
import { put, remove, type Write } from '@manara/sync-core/write';
import * as z from 'zod/mini';
import { noteFields } from './field-words.ts';
import { noteTitle } from './queries.ts';
import { NOTE_BODY_BYTES_MAX, type Note, notes } from './schema.ts';

const title = z.string().check(
  z.refine((text) => oneLine(text) !== '', 'a title that is not empty'),
  z.describe('a short title'),
);
const body = z.string().check(z.describe('markdown'));
const noteId = id.check(z.describe("the note's id from the inputs"));

const holds: Premise = { holds: true };
const broken = (reason: string): Premise => ({ holds: false, reason });

function mustExist(target: string, world: World): { readonly note: Note } | { readonly premise: Premise } {
  const note = world.get(notes, target);
  if (note === undefined) return { premise: broken('the note does not exist on this device') };
  if (note.deleted) return { premise: broken(`${quoted(noteTitle(note))} was deleted`) };
  return { note };
}

function mustFit(writes: readonly Write[]): Premise {
  const text = writes[0]?.set?.['body'];
  return text !== undefined && jsonBytes(text) > NOTE_BODY_BYTES_MAX ? broken('the note would be too long') : holds;
}

function nameOf(target: string, world: World): string {
  const note = world.get(notes, target);
  return note === undefined ? '"a note that is not here"' : quoted(noteTitle(note));
}

function card(target: string, writes: readonly Write[], world: World) {
  const before = world.get(notes, target);
  const write = writes.find((one) => one.id === target);
  const after = write === undefined ? (before ?? blankRow(notes, target)) : rowAfter(notes, write, before);
  return cardOf(before === undefined ? 'A note that is not here' : noteTitle(before), noteFields, after, before, world);
}

const create = defineTool({
  name: 'notes.create',
  module: 'notes',
  version: 1,
  description: 'Creates a note.',
  input: z.object({ title, body: z.optional(body) }),
  effect: 'create',
  risk: 'low',
  reversible: true,
  defaultPolicy: 'propose',
  creates: { table: notes, slot: 'note' },
  form: [
    { name: 'title', label: 'Title', kind: 'text' },
    { name: 'body', label: 'Text', kind: 'longText', optional: true },
  ],
  target: () => ({ table: notes, id: null }),
  refs: () => [],
  premise: () => holds,
  apply: (args, _world, context) => [
    put(notes, context.newId('note'), { title: oneLine(args.title), body: cleanText(args.body ?? ''), pinned: false }),
  ],
  summarize: (args) => `Create the note ${quoted(args.title)}`,
  describe: (args, world) =>
    cardOf(oneLine(args.title), noteFields, { ...blankRow(notes, ''), ...args }, undefined, world),
});

const appendInput = z.object({
  id: noteId,
  text: z.string().check(
    z.refine((text) => text.trim() !== '', 'text to add'),
    z.describe('markdown to add at the end'),
  ),
});

function appendWrites(args: z.output<typeof appendInput>, world: World): readonly Write[] {
  const before = world.get(notes, args.id)?.body ?? '';
  const separator = before === '' || before.endsWith('\n') ? '' : '\n';
  return [put(notes, args.id, { body: `${before}${separator}${cleanText(args.text)}` })];
}

const append = defineTool({
  name: 'notes.append',
  module: 'notes',
  version: 1,
  description: 'Adds text at the end of a note.',
  input: appendInput,
  effect: 'patch',
  risk: 'low',
  reversible: true,
  defaultPolicy: 'propose',
  form: [{ name: 'text', label: 'Text to add', kind: 'longText' }],
  target: (args) => ({ table: notes, id: args.id }),
  refs: (args) => [{ table: notes, id: args.id }],
  premise: (args, world) => {
    const found = mustExist(args.id, world);
    return 'premise' in found ? found.premise : mustFit(appendWrites(args, world));
  },
  apply: appendWrites,
  summarize: (args, world) => `Add to ${nameOf(args.id, world)}: ${quoted(args.text)}`,
  describe: (args, world) => card(args.id, appendWrites(args, world), world),
});

const updateInput = z
  .object({ id: noteId, title: z.optional(title), body: z.optional(body), pinned: z.optional(z.boolean()) })
  .check(z.refine((args) => Object.keys(args).length > 1, 'at least one field to change'));

function updateWrites({ id: target, ...args }: z.output<typeof updateInput>, world: World): readonly Write[] {
  const row = world.get(notes, target);
  const next = {
    ...args,
    ...(args.title === undefined ? {} : { title: oneLine(args.title) }),
    ...(args.body === undefined ? {} : { body: cleanText(args.body) }),
  };
  const set = Object.fromEntries(
    Object.entries(next).filter(([name, value]) => value !== undefined && value !== row?.[name as keyof typeof next]),
  );
  return Object.keys(set).length === 0 ? [] : [put(notes, target, set)];
}

const update = defineTool({
  name: 'notes.update',
  module: 'notes',
  version: 1,
  description:
    'Changes the title of a note, pins it, or replaces its whole text; prefer notes.append to add something.',
  input: updateInput,
  effect: 'patch',
  risk: 'medium',
  reversible: true,
  defaultPolicy: 'propose',
  form: [
    { name: 'title', label: 'Title', kind: 'text', optional: true },
    { name: 'body', label: 'Text', kind: 'longText', optional: true },
    { name: 'pinned', label: 'Pinned', kind: 'boolean', optional: true },
  ],
  target: (args) => ({ table: notes, id: args.id }),
  refs: (args) => [{ table: notes, id: args.id }],
  premise: (args, world) => {
    const found = mustExist(args.id, world);
    if ('premise' in found) return found.premise;
    const writes = updateWrites(args, world);
    return writes.length === 0 ? broken(`${quoted(noteTitle(found.note))} is already like that`) : mustFit(writes);
  },
  apply: updateWrites,
  summarize: (args, world) => {
    const parts: string[] = [];
    if (args.title !== undefined) parts.push(`to ${quoted(args.title)}`);
    if (args.body !== undefined) parts.push('new text');
    if (args.pinned !== undefined) parts.push(args.pinned ? 'pin it' : 'unpin it');
    return `Change the note ${nameOf(args.id, world)}: ${parts.join(', ')}`;
  },
  describe: (args, world) => card(args.id, updateWrites(args, world), world),
});

const deleteTool = defineTool({
  name: 'notes.delete',
  module: 'notes',
  version: 1,
  description: 'Deletes a note that is no longer wanted.',
  input: z.object({ id: noteId }),
  effect: 'delete',
  // It can be undone, but who approves a whole plan at once may not mean this.
  risk: 'high',
  reversible: true,
  defaultPolicy: 'propose',
  form: [],
  target: (args) => ({ table: notes, id: args.id }),
  refs: (args) => [{ table: notes, id: args.id }],
  premise: (args, world) => {
    const found = mustExist(args.id, world);
    return 'premise' in found ? found.premise : holds;
  },
  apply: (args) => [remove(notes, args.id)],
  summarize: (args, world) => `Delete the note ${nameOf(args.id, world)}`,
  describe: (args, world) => card(args.id, [], world),
});

export const notesTools: readonly Tool[] = [create, append, update, deleteTool];
