import { derivedId } from '@manara/kernel/id';
import { toolByName } from '@manara/modules/registry';
import { readRow } from '@manara/sync-core/define-table';
import { describe, expect, it } from 'vitest';
import { evaluatePolicy, type PolicyQuestion } from './policy.ts';
import { type Policy, policies } from './tables/plans.ts';
import type { Tool } from './tool.ts';

const create = toolByName.get('todo.create') as Tool;
const MISSION = derivedId('m');
const policy = (more: Partial<Policy>): Policy => ({
  ...readRow(policies, derivedId(JSON.stringify(more)), {}),
  mode: 'enforce',
  ...more,
});
const auto = { autonomy: 'auto', toolAllow: null } as const;
const ask = (rules: readonly Policy[], more: Partial<PolicyQuestion> = {}) =>
  evaluatePolicy({
    tool: create,
    args: { title: 'x' },
    missionId: MISSION,
    mission: auto,
    tainted: false,
    policies: rules,
    ...more,
  });

const allow = policy({ match: { tool: 'todo.create' }, decision: 'auto' });
const deny = policy({ match: { module: 'todo' }, decision: 'deny' });
const propose = policy({ decision: 'propose' });

describe('policy', () => {
  it('asks when nothing matches', () => expect(ask([]).decision).toBe('propose'));
  it('lets a step run when an enforced policy allows it and its mission may', () =>
    expect(ask([allow]).decision).toBe('auto'));
  it('deny beats propose beats auto', () => {
    expect(ask([allow, propose]).decision).toBe('propose');
    expect(ask([allow, propose, deny]).decision).toBe('deny');
  });
  it('a policy in shadow mode decides nothing and says what it would have done', () => {
    expect(ask([{ ...allow, mode: 'shadow' }])).toMatchObject({ decision: 'propose', shadow: 'auto' });
    expect(ask([{ ...deny, mode: 'shadow' }, allow])).toMatchObject({ decision: 'auto', shadow: 'deny' });
  });
  it('matches tool, module, arguments and scope', () => {
    expect(ask([policy({ match: { tool: 'todo.delete' }, decision: 'auto' })]).decision).toBe('propose');
    expect(ask([policy({ match: { args: { priority: 3 } }, decision: 'deny' })]).decision).toBe('propose');
    expect(ask([policy({ match: { args: { title: 'x' } }, decision: 'deny' })]).decision).toBe('deny');
    expect(
      ask([policy({ scope: { kind: 'mission', missionId: derivedId('other') }, decision: 'deny' })]).decision,
    ).toBe('propose');
    expect(ask([policy({ scope: { kind: 'mission', missionId: MISSION }, decision: 'deny' })]).decision).toBe('deny');
    expect(ask([{ ...deny, deleted: true }]).decision).toBe('propose');
  });
  it.each([
    ['tainted', { tainted: true }],
    ['irreversible', { tool: { ...create, reversible: false } }],
    ['of high risk', { tool: { ...create, risk: 'high' } }],
    ['external', { tool: { ...create, effect: 'external' } }],
    ['of a mission that asks', { mission: { autonomy: 'propose', toolAllow: null } }],
    ['of a chat', { mission: undefined }],
  ] as [string, Partial<PolicyQuestion>][])('never runs a step by itself that is %s', (_name, more) => {
    expect(ask([allow], more).decision).toBe('propose');
    expect(ask([], { ...more, tool: { ...(more.tool ?? create), defaultPolicy: 'auto' } }).decision).toBe('propose');
  });
  it('denies what the mission was not granted, and everything when it only observes', () => {
    expect(ask([allow], { mission: { autonomy: 'auto', toolAllow: ['notes.create'] } }).decision).toBe('deny');
    expect(ask([allow], { mission: { autonomy: 'observe', toolAllow: null } }).decision).toBe('deny');
  });
});
