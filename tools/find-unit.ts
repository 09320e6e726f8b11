import { pathPattern, type Unit, units } from './boundaries.ts';

/** The unit that owns a file of the repository (path relative to the root, `/` between folders). */
export function unitOf(path: string): Unit | undefined {
  return units.find((unit) => unit.paths.some((folder) => new RegExp(`^${pathPattern(folder)}`).test(path)));
}
