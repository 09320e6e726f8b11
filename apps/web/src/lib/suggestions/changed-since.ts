import { hashJson } from '@manara/kernel/hash';
import type { JsonValue } from '@manara/kernel/json';
import type { ChangedField } from '@manara/local-db/svelte/suggestions';
import { inputSourceByTable, tableByName } from '@manara/modules/registry';
import { driftOf } from '@manara/shared-ai/basis';
import { cutText, oneLine } from '@manara/shared-ai/clean-text';
import type { Proposal } from '@manara/shared-ai/proposal';
import type { Ghost, World } from '@manara/shared-ai/tool';
import { blankRow, fieldOf } from '@manara/shared-ai/tool-preview';
import type { AnyRow } from '@manara/sync-core/define-table';

/** Of a long text that the suggestion leaves alone, so much is shown. */
const EXCERPT_CHARS = 200;

/** What changed of what a planner read, in words. Fields that no person reads, such as a place in a list, are left out. */
export function changedSince(proposal: Proposal, ghost: Ghost, world: World): readonly ChangedField[] {
  return driftOf(proposal, world, tableByName).flatMap(({ table, id, field, hash, now }): ChangedField[] => {
    const source = inputSourceByTable.get(table);
    const told = source?.fields.find((one) => one.name === field);
    const row = source && (world.get(source.table, id) as AnyRow | undefined);
    if (source === undefined || told === undefined || row === undefined) return [];
    const ofTarget = ghost.table === table && ghost.targetId === id;
    const next = ofTarget && ghost.changed.includes(field) ? fieldOf(ghost.row, field) : undefined;
    const planned = valueOfHash(hash, [fieldOf(blankRow(source.table, id), field), next, true, false]);
    const words = (value: JsonValue): string => told.words(value, world);
    return [
      {
        label: told.label,
        ...(told.kind === undefined ? {} : { kind: told.kind }),
        ...(ofTarget ? {} : { record: source.title(row) }),
        now: next === undefined ? oneLine(cutText(words(now), EXCERPT_CHARS)) : words(now),
        ...(next === undefined ? {} : { suggested: words(next) }),
        ...(planned === undefined ? {} : { planned: words(planned) }),
      },
    ];
  });
}

/** A step keeps only the hash of what its planner read; that an empty field, a switch or the suggestion itself can match. */
const valueOfHash = (hash: string, candidates: readonly (JsonValue | undefined)[]): JsonValue | undefined =>
  candidates.find((value) => value !== undefined && hashJson(value) === hash);
