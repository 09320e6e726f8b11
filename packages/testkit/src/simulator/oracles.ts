import { canonicalJson } from '@manara/kernel/canonical-json';
import type { JsonValue } from '@manara/kernel/json';
import { cellsOf } from '@manara/local-db/row';
import { tableByName, tables, toolByName } from '@manara/modules/registry';
import { executionIdOf } from '@manara/shared-ai/derived-ids';
import type { Proposal } from '@manara/shared-ai/proposal';
import { stageSteps } from '@manara/shared-ai/stage';
import { executions, steps } from '@manara/shared-ai/tables/plans';
import { type Cells, DELETED, isDeleted } from '@manara/sync-core/record';
import { SERVER_NODE } from '@manara/sync-core/stamp';
import { MemorySpace } from '../memory-space.ts';
import type { Journal } from './journal.ts';
import type { SimDevice } from './sim-device.ts';
import type { LogEntry } from './sim-server.ts';

export interface FinalState {
  readonly devices: readonly SimDevice[];
  readonly log: readonly LogEntry[];
  readonly records: ReadonlyMap<string, { readonly cells: Cells; readonly seq: number }>;
  readonly journal: Journal;
}

type Plain = Readonly<Record<string, string>>;

/** A record as text by field: values and stamps. */
const plain = (cells: Cells): Plain =>
  Object.fromEntries(Object.entries(cells).map(([field, { value, stamp }]) => [field, `${textOf(value)} ${stamp}`]));

/** Canonical only where the order of keys could matter: most values are plain. */
const textOf = (value: JsonValue): string =>
  typeof value === 'object' && value !== null ? canonicalJson(value) : JSON.stringify(value);

export function checkFinalState(state: FinalState): void {
  const expected = foldOf(state.log);
  checkServer(state, expected);
  for (const device of state.devices) checkDevice(state, device);
  checkWrites(state);
  checkLog(state);
  checkEffects(state);
}

interface Folded {
  /** by `table|id` */
  readonly cells: ReadonlyMap<string, ReadonlyMap<string, { readonly value: JsonValue; readonly stamp: string }>>;
}

/** A fold of its own making: the greatest stamp of each cell, the first one of equals; insert-only rows as they came first. */
function foldOf(log: readonly LogEntry[]): Folded {
  const cells = new Map<string, Map<string, { value: JsonValue; stamp: string }>>();
  for (const entry of log) {
    const key = `${entry.table}|${entry.id}`;
    const known = cells.get(key);
    if (known !== undefined && tableByName.get(entry.table)?.insertOnly) continue;
    const record = known ?? new Map();
    cells.set(key, record);
    for (const [field, { value, stamp }] of Object.entries(entry.cells)) {
      const old = record.get(field);
      if (old === undefined || stamp > old.stamp) record.set(field, { value, stamp });
    }
  }
  return { cells };
}

function checkServer({ records, journal }: FinalState, expected: Folded): void {
  for (const [key, { cells }] of records) {
    const folded = expected.cells.get(key);
    if (folded === undefined) {
      journal.violated('fold', `${key} is there without an op`);
      continue;
    }
    for (const [field, want] of folded) {
      const have = cells[field];
      if (have !== undefined && have.stamp < want.stamp) {
        journal.violated('greatest-stamp', `${key}|${field}: ${have.stamp} stands, ${want.stamp} was accepted`);
      } else if (have === undefined || have.stamp !== want.stamp || textOf(have.value) !== textOf(want.value)) {
        journal.violated('fold', `${key}|${field}: ${JSON.stringify(have)} instead of ${JSON.stringify(want)}`);
      }
    }
    const deleted = folded.get(DELETED)?.value === true;
    if (deleted !== isDeleted(cells)) journal.violated('tombstones', `${key} is ${deleted ? 'not ' : ''}deleted`);
  }
  for (const key of expected.cells.keys()) {
    if (!records.has(key)) journal.violated('fold', `${key} was accepted and is not there`);
  }
}

function checkDevice({ records, journal }: FinalState, device: SimDevice): void {
  const seen = new Set<string>();
  for (const { name: table } of tables) {
    for (const row of device.disk.rows(table)) {
      const stored = row as unknown as Parameters<typeof cellsOf>[0];
      const key = `${table}|${stored.id}`;
      seen.add(key);
      const server = records.get(key)?.cells ?? {};
      const [want, have] = [plain(server), plain(cellsOf(stored))];
      for (const field of new Set([...Object.keys(want), ...Object.keys(have)])) {
        if (want[field] === have[field]) continue;
        journal.violated('convergence', `${device.name} ${key}|${field}: ${have[field]} instead of ${want[field]}`);
      }
      if ((stored.$deleted === 1) !== isDeleted(server)) journal.violated('tombstones', `${device.name} ${key}`);
    }
  }
  for (const key of records.keys()) if (!seen.has(key)) journal.violated('convergence', `${device.name} lacks ${key}`);
  const refused = device.disk.rows('$refused');
  for (const group of refused) journal.violated('no-refusal', `${device.name}: ${JSON.stringify(group)}`);
  for (const error of device.errors) {
    journal.violated('no-exception', `${device.name}: ${error instanceof Error ? error.stack : String(error)}`);
  }
  if (device.mended > 0) journal.violated('digest', `${device.name} had to mend ${device.mended} records`);
}

const acceptable = new Set(['ok', 'taken', 'group_refused']);

function checkWrites({ devices, journal, log }: FinalState): void {
  const accepted = new Set<string>();
  for (const { table, id, cells } of log) {
    for (const [field, { stamp }] of Object.entries(cells)) accepted.add(`${table}|${id}|${field}|${stamp}`);
  }
  const quarantined = new Set<string>();
  for (const device of devices) {
    for (const group of device.disk.rows('$refused')) {
      for (const op of group.ops as { table: string; id: string }[]) quarantined.add(`${op.table}|${op.id}`);
    }
  }
  const latest = new Map<string, number>();
  const place = ({ device, table, id, field }: { device: string; table: string; id: string; field: string }): string =>
    `${device}|${table}|${id}|${field}`;
  for (const written of journal.cells.values()) latest.set(place(written), written.order);
  for (const written of journal.cells.values()) {
    const { device, table, id, field, fate, taken, order } = written;
    const key = `${table}|${id}|${field}|${taken}`;
    if (fate === 'ok') {
      if (!accepted.has(key)) journal.violated('no-lost-acknowledged-write', `${device} ${key}`);
    } else if (fate === null) {
      // a later write of the same field took it up before it was sent
      const replaced = (latest.get(place(written)) ?? order) > order;
      if (!replaced) journal.violated('no-lost-write', `${device} ${key} was never answered`);
    } else if (!acceptable.has(fate) && !quarantined.has(`${table}|${id}`)) {
      journal.violated('no-lost-write', `${device} ${key} was refused with ${fate} and is gone`);
    }
  }
}

function checkLog({ log, journal }: FinalState): void {
  const seen = new Set<string>();
  const groups = new Map<string, Set<string>>();
  for (const { table, id, cells, group } of log) {
    const key = `${table}|${id}`;
    if (group !== null) groups.set(group, (groups.get(group) ?? new Set()).add(key));
    for (const [field, { stamp }] of Object.entries(cells)) {
      const cell = `${key}|${field}|${stamp}`;
      if (seen.has(cell)) journal.violated('idempotency', `${cell} was applied twice`);
      seen.add(cell);
    }
  }
  for (const [group, written] of journal.groups) {
    const accepted = groups.get(group);
    const lost = [...written].filter((key) => !(accepted ?? new Set()).has(key));
    if (accepted !== undefined && lost.length > 0) {
      journal.violated('group-atomicity', `of group ${group} ${lost.join(', ')} is missing`);
    }
  }
  // a server that forgets what belongs together takes a part and refuses the rest: the answers tell
  const fates = new Map<string, Set<boolean>>();
  for (const { group, fate } of journal.cells.values()) {
    if (group !== null && fate !== null) fates.set(group, (fates.get(group) ?? new Set()).add(fate === 'ok'));
  }
  for (const [group, kinds] of fates) {
    if (kinds.size > 1) journal.violated('group-atomicity', `group ${group} was taken in part`);
  }
}

function checkEffects({ devices, log, records, journal }: FinalState): void {
  const executionsOf = new Map<string, string[]>();
  const effectsOf = new Map<string, Set<string>>();
  for (const [key, { cells }] of records) {
    const [table, id] = key.split('|') as [string, string];
    if (table === executions.name) {
      const step = String(cells.stepId?.value);
      executionsOf.set(step, [...(executionsOf.get(step) ?? []), id]);
    }
  }
  // records that a step's execution brought into being
  const known = new Set<string>();
  for (const entry of log) {
    const key = `${entry.table}|${entry.id}`;
    const isNew = !known.has(key);
    known.add(key);
    const stepId = entry.actor.kind === 'ai' ? entry.actor.stepId : undefined;
    if (!isNew || stepId === undefined || entry.table === executions.name) continue;
    effectsOf.set(stepId, (effectsOf.get(stepId) ?? new Set()).add(entry.id));
  }
  for (const [step, ids] of executionsOf) {
    if (ids.length > 1) journal.violated('one-effect', `step ${step} was executed as ${ids.join(' and ')}`);
    if (ids[0] !== executionIdOf(step)) journal.violated('one-effect', `step ${step} has an execution of a drawn id`);
  }
  for (const [step, ids] of effectsOf) {
    if (ids.size > 1) journal.violated('one-effect', `step ${step} made ${[...ids].join(' and ')}`);
  }
  checkClaims(log, journal);
  for (const device of devices) {
    for (const proposal of device.disk.rows('$proposals') as unknown as Proposal[]) {
      const { status, stepId, contested } = proposal;
      journal.count(`in the end ${contested ? 'contested' : status}`);
      const count = executionsOf.get(stepId)?.length ?? 0;
      const executed = status === 'done' || status === 'failed' || status === 'undone';
      if (executed !== count > 0)
        journal.violated('one-effect', `${device.name}: ${stepId} is ${status}, ${count} executions`);
    }
  }
}

/** Of one step, only one device's group may ever have been taken. */
function checkClaims(log: readonly LogEntry[], journal: Journal): void {
  const claims = new Map<string, Set<string>>();
  for (const { table, id, cells } of log) {
    if (table !== executions.name || cells.clientId === undefined) continue;
    claims.set(id, (claims.get(id) ?? new Set()).add(String(cells.clientId.value)));
  }
  for (const [id, clients] of claims) {
    if (clients.size > 1)
      journal.violated('one-effect', `execution ${id} was claimed by ${[...clients].join(' and ')}`);
  }
}

/** Proposals as each device keeps them, against what the rows say when read anew. */
export async function checkStaging({ devices, records, journal }: FinalState): Promise<void> {
  const space = new MemorySpace(tables, SERVER_NODE);
  space.merge(
    [...records].map(([key, { cells }]) => {
      const [table, id] = key.split('|') as [string, string];
      return { table, id, cells };
    }),
  );
  const ids = (await space.list(steps)).map((step) => step.id);
  const staged = await stageSteps(space, toolByName, ids);
  const want = new Map(staged.map((proposal) => [proposal.id, proposal]));
  const canonical = (proposal: Proposal | undefined): string =>
    canonicalJson((proposal ?? null) as unknown as JsonValue);
  for (const device of devices) {
    const have = device.disk.rows('$proposals') as unknown as Proposal[];
    if (have.length !== want.size) journal.violated('staging', `${device.name} has ${have.length} of ${want.size}`);
    for (const proposal of have) {
      const expected = want.get(proposal.id);
      // the same code makes both, mostly with the same order of keys: then it is cheap to see that they agree
      if (JSON.stringify(proposal) === JSON.stringify(expected) || canonical(proposal) === canonical(expected))
        continue;
      journal.violated('staging', `${device.name} ${canonical(proposal)} instead of ${canonical(expected)}`);
    }
  }
}
