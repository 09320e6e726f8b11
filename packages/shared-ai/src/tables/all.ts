import type { TableDef } from '@manara/sync-core/define-table';
import { conversations, messages } from './chat.ts';
import { feedback, milestones, missionInputs, missions, runRequests, scratchpad } from './missions.ts';
import { decisions, executions, iterations, policies, steps } from './plans.ts';

/** The tables that every space has, whatever its modules. */
export const aiTables: readonly TableDef[] = [
  missions,
  missionInputs,
  runRequests,
  iterations,
  steps,
  decisions,
  executions,
  feedback,
  scratchpad,
  milestones,
  conversations,
  messages,
  policies,
];
