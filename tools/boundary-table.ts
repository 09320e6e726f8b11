import { units } from './boundaries.ts';

/** The rows of the table "Who may import whom" in docs/architecture.md, as that page has to carry them. */
export function boundaryTable(): string {
  return units.map((unit) => `| ${unit.name} | ${unit.words} |`).join('\n');
}
