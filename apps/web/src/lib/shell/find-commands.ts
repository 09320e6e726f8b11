import type { Command } from '@manara/ui/shortcuts/shortcuts.svelte.ts';

/**
 * The commands whose words hold every word of the query, the closest first: a label that starts with the query, then one with
 * a word that starts with it, then the rest in the order they came.
 */
export function findCommands(commands: readonly Command[], query: string): readonly Command[] {
  const wanted = query.trim().toLowerCase();
  if (wanted === '') return commands;
  const words = wanted.split(/\s+/);
  const rank = (command: Command): number => {
    const label = command.label.toLowerCase();
    if (label.startsWith(wanted)) return 0;
    return label.split(/\s+/).some((word) => word.startsWith(wanted)) ? 1 : 2;
  };
  return commands
    .filter((command) => {
      const text = `${command.label} ${command.group}`.toLowerCase();
      return words.every((word) => text.includes(word));
    })
    .map((command, at) => ({ command, at, rank: rank(command) }))
    .sort((a, b) => a.rank - b.rank || a.at - b.at)
    .map(({ command }) => command);
}
