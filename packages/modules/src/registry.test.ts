import { existsSync, readdirSync } from 'node:fs';
import { derivedId } from '@manara/kernel/id';
import type { JsonValue } from '@manara/kernel/json';
import { worldOf } from '@manara/shared-ai/world';
import { invalidValue } from '@manara/sync-core/define-table';
import { describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import { inputSources, modules, rules, tableByName, tables, toolByName, tools } from './registry.ts';

const here = import.meta.dirname;
const folders = readdirSync(here, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);
const ID = derivedId('some record');
/** Arguments that every tool's schema reads some of. */
const SAMPLE = {
  id: ID,
  title: 'A title',
  text: 'Some text',
  body: 'Some text',
  note: '',
  due: '2026-11-26',
  priority: 1,
  listId: ID,
  pinned: true,
};

describe('every module has the shape', () => {
  it('each folder is registered and each module is a folder', () => {
    expect(modules.map((module) => module.name).sort()).toEqual(folders.sort());
  });

  it.each(modules.map((module) => [module.name, module] as const))('%s', (name, module) => {
    for (const file of ['module', 'schema', 'tools', 'rules', 'queries', 'actions', 'inputs']) {
      expect(existsSync(`${here}/${name}/${file}.ts`), `${name}/${file}.ts`).toBe(true);
    }
    expect(module.title).not.toBe('');
    expect(module.tables.length).toBeGreaterThan(0);
    for (const tool of module.tools) {
      expect(tool.module).toBe(name);
      expect(tool.name.startsWith(`${name}.`)).toBe(true);
    }
    for (const source of module.inputs) expect(module.tables).toContain(source.table);
  });

  it('names are unique', () => {
    expect(tableByName.size).toBe(tables.length);
    expect(toolByName.size).toBe(tools.length);
    expect(new Set(rules.map((rule) => rule.name)).size).toBe(rules.length);
    expect(new Set(inputSources.map((source) => source.table.name)).size).toBe(inputSources.length);
  });
});

describe.each(tables.map((table) => [table.name, table] as const))('table %s', (_name, table) => {
  it('has defaults that it would accept, indexes of its own fields, and no reserved name', () => {
    for (const [field, def] of Object.entries(table.fields)) {
      expect(field.startsWith('$')).toBe(false);
      // '' stands for "not known yet" in references that a reader fills in, and is the one default that is not written
      if (def.default !== '') expect(invalidValue(table, field, def.default as JsonValue), field).toBeNull();
    }
    for (const index of table.indexes.flat()) expect(Object.keys(table.fields)).toContain(index);
    for (const field of table.writeOnce) expect(Object.keys(table.fields)).toContain(field);
  });
});

describe.each(tools.map((tool) => [tool.name, tool] as const))('tool %s', (_name, tool) => {
  const world = worldOf(new Map(), '2026-11-20', 1);
  const shape = z.toJSONSchema(tool.input, { io: 'input' }) as {
    properties: Record<string, unknown>;
    required?: string[];
  };
  const sample = Object.fromEntries(Object.entries(SAMPLE).filter(([name]) => Object.hasOwn(shape.properties, name)));
  const parsed = z.safeParse(tool.input, sample);

  it('describes itself and its arguments to a model', () => {
    expect(tool.description).toMatch(/\.$/);
    expect(tool.description).not.toContain('\n');
    expect(Object.keys(shape.properties).length).toBeGreaterThan(0);
    expect(parsed.success).toBe(true);
  });

  it('has a form of its own arguments', () => {
    for (const field of tool.form) {
      expect(Object.keys(shape.properties)).toContain(field.name);
      if (!field.optional) expect(shape.required ?? []).toContain(field.name);
    }
  });

  it('tells everything about a record that is not there, and does not throw', () => {
    if (!parsed.success) throw new Error('no arguments');
    const context = { newId: (slot: string) => derivedId('step', slot) };
    expect(tool.summarize(parsed.data, world)).not.toBe('');
    expect(tool.describe(parsed.data, world).title).not.toBe('');
    expect(tool.preview(parsed.data, world, context).module).toBe(tool.module);
    const { id } = tool.target(parsed.data);
    expect(id === null).toBe(tool.effect === 'create');
    expect(tool.premise(parsed.data, world).holds).toBe(tool.refs(parsed.data).length === 0);
    if (tool.creates !== undefined) {
      const made = tool
        .apply(parsed.data, world, context)
        .find((write) => write.id === context.newId(tool.creates?.slot ?? ''));
      expect(made?.table).toBe(tool.creates.table.name);
    }
  });
});
