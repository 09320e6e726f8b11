import type * as z from 'zod/mini';
import type { Tool } from './tool.ts';
import { ghostOf } from './tool-preview.ts';

/** A tool before it is registered: its argument type comes from the schema, its ghost from what it would write. */
export type ToolDeclaration<S extends z.ZodMiniType> = Omit<Tool<z.output<S>>, 'input' | 'preview'> & {
  readonly input: S;
};

/** Declares a tool with its argument type inferred from the schema, then forgets the type for registries. */
export function defineTool<S extends z.ZodMiniType>(declaration: ToolDeclaration<S>): Tool {
  // Registries call a tool only with what its own schema has read, so forgetting the type loses no check.
  const tool = declaration as unknown as Omit<Tool, 'preview'>;
  return { ...tool, preview: (args, world, context) => ghostOf(tool, args, world, context) };
}
