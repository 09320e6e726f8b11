import { canonicalJson } from '@manara/kernel/canonical-json';
import type { JsonObject } from '@manara/kernel/json';
import type { Mission } from './tables/missions.ts';
import type { Policy } from './tables/plans.ts';
import type { Tool } from './tool.ts';

export type PolicyDecision = 'auto' | 'propose' | 'deny';

export interface PolicyVerdict {
  readonly decision: PolicyDecision;
  /** in words, for the card and the inbox */
  readonly because: string;
  /** what policies in shadow mode would have decided, or null when none matches */
  readonly shadow: PolicyDecision | null;
}

export interface PolicyQuestion {
  readonly tool: Tool;
  readonly args: JsonObject;
  readonly missionId: string;
  /** undefined for a plan that came out of a chat */
  readonly mission: Pick<Mission, 'autonomy' | 'toolAllow'> | undefined;
  readonly tainted: boolean;
  readonly policies: readonly Policy[];
}

function matches(policy: Policy, question: PolicyQuestion): boolean {
  if (policy.deleted) return false;
  if (policy.scope.kind === 'mission' && policy.scope.missionId !== question.missionId) return false;
  const { tool, module, args } = policy.match;
  if (tool !== undefined && tool !== question.tool.name) return false;
  if (module !== undefined && module !== question.tool.module) return false;
  return Object.entries(args ?? {}).every(
    ([name, value]) => canonicalJson(question.args[name] ?? null) === canonicalJson(value),
  );
}

/** deny beats propose beats auto; null when there is none. */
function strictest(policies: readonly Policy[]): PolicyDecision | null {
  for (const decision of ['deny', 'propose', 'auto'] as const) {
    if (policies.some((policy) => policy.decision === decision)) return decision;
  }
  return null;
}

/** Why a step may never run by itself, or null when a policy may allow it. */
export function neverAuto(question: Pick<PolicyQuestion, 'tool' | 'tainted' | 'mission'>): string | null {
  const { tool, tainted, mission } = question;
  if (tainted) return 'it follows from text that someone else may have written';
  if (tool.effect === 'external') return 'it acts outside Manara';
  if (!tool.reversible) return 'it cannot be undone';
  if (tool.risk === 'high') return 'it is of high risk';
  return mission?.autonomy === 'auto' ? null : 'its mission asks first';
}

/** Whether a step may run by itself, asks, or may not run. The same answer on every device and on the server. */
export function evaluatePolicy(question: PolicyQuestion): PolicyVerdict {
  const { tool, mission } = question;
  const matching = question.policies.filter((policy) => matches(policy, question));
  const shadow = strictest(matching.filter((policy) => policy.mode === 'shadow'));
  if (mission?.autonomy === 'observe') return { decision: 'deny', because: 'its mission only observes', shadow };
  if (mission !== undefined && mission.toolAllow !== null && !mission.toolAllow.includes(tool.name)) {
    return { decision: 'deny', because: `its mission may not use ${tool.name}`, shadow };
  }
  const ruled = strictest(matching.filter((policy) => policy.mode === 'enforce'));
  if (ruled === 'deny') return { decision: 'deny', because: `a policy denies ${tool.name}`, shadow };
  if (ruled === 'propose') return { decision: 'propose', because: `a policy says that ${tool.name} asks`, shadow };
  if (ruled === null && tool.defaultPolicy === 'propose')
    return { decision: 'propose', because: `${tool.name} asks first`, shadow };
  const obstacle = neverAuto(question);
  if (obstacle !== null) return { decision: 'propose', because: obstacle, shadow };
  return {
    decision: 'auto',
    because: ruled === null ? `${tool.name} runs by itself` : `a policy lets ${tool.name} run by itself`,
    shadow,
  };
}
