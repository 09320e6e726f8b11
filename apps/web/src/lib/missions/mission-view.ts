import { openRequests } from '@manara/shared-ai/open-requests';
import type { Proposal } from '@manara/shared-ai/proposal';
import {
  type Feedback,
  feedback,
  type Mission,
  type MissionInput,
  missionInputs,
  missions,
  runRequests,
} from '@manara/shared-ai/tables/missions';
import { type Iteration, iterations } from '@manara/shared-ai/tables/plans';
import type { RowReader } from '@manara/sync-core/reader';
import { countWords } from '@manara/ui/count/count-words';

/** How many runs the detail shows at first, and how many more each time. */
export const PAGE_OF_ITERATIONS = 10;
const FEEDBACK_SHOWN = 20;

export interface RunView {
  readonly iteration: Iteration;
  /** its steps with what became of them, in order */
  readonly proposals: readonly Proposal[];
}

export interface MissionView {
  readonly mission: Mission | undefined;
  readonly inputs: readonly MissionInput[];
  readonly iterations: readonly Iteration[];
  readonly more: boolean;
  readonly feedback: readonly Feedback[];
  /** requests that no run has served yet */
  readonly openRequests: number;
}

export async function loadMission(reader: RowReader, id: string, limit: number): Promise<MissionView> {
  const [mission, inputs, all, given, requests] = await Promise.all([
    reader.get(missions, id),
    reader.list(missionInputs, { by: 'missionId', equals: id }),
    reader.list(iterations, { by: 'missionId', equals: id }),
    reader.list(feedback, { by: 'missionId', equals: id }),
    reader.list(runRequests, { by: 'missionId', equals: id }),
  ]);
  const latest = all.toSorted((a, b) => b.finishedAt - a.finishedAt);
  return {
    mission,
    inputs,
    iterations: latest.slice(0, limit),
    more: latest.length > limit,
    feedback: given.toSorted((a, b) => b.createdAt - a.createdAt).slice(0, FEEDBACK_SHOWN),
    openRequests: openRequests(requests, all).length,
  };
}

/** `9 of 12 suggestions (75 %)`, or null before anything was decided. */
export function acceptRate(runs: readonly RunView[]): string | null {
  let kept = 0;
  let decided = 0;
  for (const { status } of runs.flatMap((run) => run.proposals)) {
    if (status === 'done' || status === 'approved') kept += 1;
    if (status === 'done' || status === 'approved' || status === 'rejected' || status === 'undone') decided += 1;
  }
  if (decided === 0) return null;
  return `${kept} of ${countWords(decided, 'suggestion')} that you decided (${Math.round((100 * kept) / decided)} %)`;
}
