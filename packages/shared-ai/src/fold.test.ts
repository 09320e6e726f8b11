import { hashJson } from '@manara/kernel/hash';
import { derivedId } from '@manara/kernel/id';
import { readRow } from '@manara/sync-core/define-table';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { foldStep, standingIteration } from './fold.ts';
import {
  type Decision,
  decisions,
  type Execution,
  executions,
  type Iteration,
  iterations,
  type Step,
  steps,
} from './tables/plans.ts';

const ARGS = { title: 'Buy milk' };
const EDITED = { title: 'Buy oat milk' };
const step: Step = { ...readRow(steps, derivedId('step'), {}), args: ARGS, tool: 'todo.create' };
const stamp = (n: number) => `${n.toString(16).padStart(12, '0')}-0000-0000000000000000`;

function decision(verb: Decision['verb'], accepted: number | null, more: Partial<Decision> = {}): Decision {
  const blank = readRow(decisions, derivedId('decision', verb, String(accepted), JSON.stringify(more)), {});
  return {
    ...blank,
    stepId: step.id,
    verb,
    argsHash: hashJson(ARGS),
    accepted: accepted === null ? null : stamp(accepted),
    ...more,
  };
}
const execution = (status: Execution['status']): Execution => ({
  ...readRow(executions, derivedId('x'), {}),
  stepId: step.id,
  status,
});
const fold = (rows: readonly Decision[], executed?: Execution, standing = true, of = step) =>
  foldStep({ step: of, decisions: rows, execution: executed, standing });

describe('fold', () => {
  it('is pending with no rows', () => {
    expect(fold([])).toMatchObject({ status: 'pending', provisional: false, contested: false, args: ARGS });
  });

  it.each(['done', 'failed', 'undone'] as const)(
    'F1 an execution decides, whatever the decisions say: %s',
    (status) => {
      expect(fold([decision('reject', 1)], execution(status)).status).toBe(status);
      expect(fold([], execution(status)).status).toBe(status);
    },
  );

  it('F2 the first approve or reject by accepted counts', () => {
    expect(fold([decision('approve', 2), decision('reject', 1)]).status).toBe('rejected');
    expect(fold([decision('reject', 2), decision('approve', 1)]).status).toBe('approved');
    expect(fold([decision('approve', 1, { argsHash: 'other' }), decision('reject', 2)]).status).toBe('rejected');
  });

  it('F3 rows that the server has not accepted come last, and what they decide is provisional', () => {
    expect(fold([decision('approve', null, { decidedAt: 1 }), decision('reject', 9, { decidedAt: 5 })])).toMatchObject({
      status: 'rejected',
      provisional: false,
    });
    expect(fold([decision('approve', null)])).toMatchObject({ status: 'approved', provisional: true });
  });

  it('F4 an edit changes the arguments and so voids decisions of the old ones', () => {
    const edit = decision('edit', 1, { args: EDITED });
    expect(fold([edit, decision('approve', 2)])).toMatchObject({ status: 'pending', args: EDITED, edited: true });
    expect(fold([edit, decision('approve', 2, { argsHash: hashJson(EDITED) })])).toMatchObject({
      status: 'approved',
      args: EDITED,
    });
    expect(fold([decision('approve', 1), decision('edit', 2, { args: EDITED })])).toMatchObject({
      status: 'approved',
      args: ARGS,
    });
    const second = decision('edit', 2, { args: { title: 'Buy tea' } });
    expect(fold([edit, second]).args).toEqual(EDITED);
  });

  it('F5 undecided steps of an iteration that does not stand for its slot lapse', () => {
    expect(fold([], undefined, false).status).toBe('lapsed');
    expect(fold([decision('approve', 1)], undefined, false).status).toBe('approved');
    expect(fold([], execution('done'), false).status).toBe('done');
  });

  it('F6 the order in which rows arrive does not matter', () => {
    const verbs = fc.constantFrom('approve', 'reject', 'edit', 'snooze', 'undo') as fc.Arbitrary<Decision['verb']>;
    const row = fc.tuple(verbs, fc.option(fc.integer({ min: 1, max: 50 })), fc.constantFrom(ARGS, EDITED), fc.nat(100));
    const rows = fc.array(row, { maxLength: 8 }).map((list) =>
      list.map(([verb, accepted, args, at], index) =>
        decision(verb, accepted === null ? null : accepted * 10 + index, {
          argsHash: hashJson(args),
          args: verb === 'edit' ? EDITED : null,
          decidedAt: at,
          id: derivedId('row', index),
        }),
      ),
    );
    fc.assert(
      fc.property(
        rows.chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length }))),
        ([list, shuffled]) => {
          expect(fold(shuffled)).toEqual(fold(list));
        },
      ),
    );
  });

  it('a reject accepted before an execution shows it as contested', () => {
    expect(fold([decision('reject', 1), decision('approve', 2)], execution('done'))).toMatchObject({
      status: 'done',
      contested: true,
    });
    expect(fold([decision('approve', 1), decision('reject', 2)], execution('done')).contested).toBe(false);
    expect(fold([decision('reject', null)], execution('done')).contested).toBe(false);
    expect(fold([decision('reject', 1)], execution('undone')).contested).toBe(false);
  });

  it('a person takes a reject back, and may then approve', () => {
    expect(fold([decision('reject', 1), decision('undo', 2)]).status).toBe('pending');
    expect(fold([decision('reject', 1), decision('undo', 2), decision('approve', 3)]).status).toBe('approved');
  });

  it('the last snooze says until when', () => {
    expect(fold([decision('snooze', 2, { until: 10 }), decision('snooze', 1, { until: 99 })]).snoozedUntil).toBe(10);
  });

  it('a quarantined step stays put aside whatever is decided', () => {
    const bad: Step = { ...step, validity: { state: 'quarantined', reason: 'unknown tool' } };
    expect(fold([decision('approve', 1)], undefined, true, bad).status).toBe('quarantined');
  });
});

it('the first iteration accepted for a slot stands; one the server has not seen does not', () => {
  const iteration = (id: string, accepted: number | null): Iteration => ({
    ...readRow(iterations, derivedId(id), {}),
    accepted: accepted === null ? null : stamp(accepted),
  });
  const [server, device] = [iteration('server', 5), iteration('device', null)];
  expect(standingIteration([device, server])?.id).toBe(server.id);
  expect(standingIteration([device])?.id).toBe(device.id);
  expect(standingIteration([server, iteration('early', 4)])?.id).toBe(derivedId('early'));
});
