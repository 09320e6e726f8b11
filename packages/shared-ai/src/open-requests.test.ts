import { readRow } from '@manara/sync-core/define-table';
import { expect, it } from 'vitest';
import { openRequests } from './open-requests.ts';
import { type RunRequest, runRequests } from './tables/missions.ts';

const request = (id: string, requestedAt: number, kind: RunRequest['kind'] = 'run'): RunRequest => ({
  ...readRow(runRequests, id, {}),
  missionId: 'm',
  kind,
  requestedAt,
});
const open = (...given: Parameters<typeof openRequests>): string[] => openRequests(...given).map(({ id }) => id);

it('is served by any run that started when it was made or later', () => {
  const asked = [request('a', 10), request('b', 20), request('c', 30)];
  expect(open(asked, [])).toEqual(['a', 'b', 'c']);
  expect(open(asked, [{ slot: '2026-11-20T08:00Z', startedAt: 20 }])).toEqual(['c']);
});

it('is served by the run that names it, whatever the clock of the device said', () => {
  const asked = [request('before', 3_600_000), request('named', 3_600_010), request('after', 3_600_020)];
  expect(open(asked, [{ slot: 'named', startedAt: 50 }])).toEqual(['after']);
});

it('stays served when an earlier run is looked at after a later one', () => {
  const asked = [request('a', 10), request('b', 20)];
  expect(
    open(asked, [
      { slot: 'b', startedAt: 5 },
      { slot: 'a', startedAt: 4 },
    ]),
  ).toEqual([]);
});

it('leaves out what asks for an answer', () => {
  expect(open([request('a', 10, 'answer')], [])).toEqual([]);
});
