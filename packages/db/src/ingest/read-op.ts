import { isJsonObject, type JsonObject } from '@manara/kernel/json';
import type { Actor } from '@manara/sync-core/actor';
import type { Op, WireCell } from '@manara/sync-core/wire-op';

const ACTOR_OPTIONS = ['missionId', 'iterationId', 'stepId', 'executionId', 'reason'] as const;

/**
 * Reads the shape of one op, or null when it has another. By hand: a schema library drops keys such as `__proto__`,
 * and a dropped field would be answered `ok` and lost. Keys are kept as they came; unknown ones are left out.
 */
export function readOp(value: unknown): Op | null {
  if (!isJsonObject(value)) return null;
  const { space, table, id, group, fields, deleted } = value;
  if (typeof space !== 'string' || typeof table !== 'string' || typeof id !== 'string') return null;
  if (group !== undefined && typeof group !== 'string') return null;
  if (fields === undefined && deleted === undefined) return null;
  if (fields !== undefined && !isFields(fields)) return null;
  if (deleted !== undefined && !isCell(deleted)) return null;
  const actor = readActor(value.actor);
  return actor === null ? null : { space, table, id, group, fields, deleted, actor };
}

function isFields(value: unknown): value is Readonly<Record<string, WireCell>> {
  return isJsonObject(value) && Object.values(value).every(isCell);
}

function isCell(value: unknown): value is WireCell {
  if (!Array.isArray(value) || (value.length !== 2 && value.length !== 3)) return false;
  return typeof value[1] === 'string' && (value.length === 2 || typeof value[2] === 'string');
}

/** The kind is any text here: an unknown one is a verdict of its own, not a wrong shape. */
function readActor(value: unknown): Actor | null {
  if (!isJsonObject(value)) return null;
  const { kind, id, name } = value;
  if (typeof kind !== 'string' || typeof id !== 'string' || typeof name !== 'string') return null;
  const options: Record<string, string> = {};
  for (const key of ACTOR_OPTIONS) {
    const option = ownValue(value, key);
    if (option === undefined) continue;
    if (typeof option !== 'string') return null;
    options[key] = option;
  }
  return { kind: kind as Actor['kind'], id, name, ...options };
}

const ownValue = (object: JsonObject, key: string) => (Object.hasOwn(object, key) ? object[key] : undefined);
