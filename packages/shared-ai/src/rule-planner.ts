import type { JsonObject } from '@manara/kernel/json';
import * as z from 'zod/mini';
import { knownSubjects, planSubject, repetition } from './plan-subject.ts';
import type { PlanDraft, PlannerContext } from './planner-context.ts';
import type { PlannedStep, Rule, Tool } from './tool.ts';

/** The most changes that the rules suggest at once: more would be a list, not a plan. */
export const RULE_STEPS_MAX = 10;

/** How the rule planner is named where a model's name stands. */
export const RULES_MODEL = 'rules';

interface Finding {
  readonly rule: Rule;
  /** what is new of what it found */
  readonly fresh: readonly PlannedStep[];
  /** what of that one plan may take */
  readonly steps: readonly PlannedStep[];
}

/**
 * Bounded only here, where what is known is left out already: else what was rejected would hold its place for ever. What
 * still waits for a decision does hold its place, or an hourly mission would fill the inbox with more of the same.
 */
const findingOf = (rule: Rule, fresh: readonly PlannedStep[], waiting = 0): Finding => ({
  rule,
  fresh,
  steps: fresh.slice(0, Math.max(0, (rule.stepsMax ?? RULE_STEPS_MAX) - waiting)),
});

function readStep(
  step: PlannedStep,
  context: PlannerContext,
): { readonly tool: Tool; readonly args: JsonObject } | null {
  const tool = context.tools.get(step.tool);
  if (tool === undefined || !context.granted.includes(tool)) return null;
  const parsed = z.safeParse(tool.input, step.args);
  return parsed.success ? { tool, args: parsed.data } : null;
}

/** Rules in turn, one step each round, so that no rule with many findings crowds out the others. */
function takeInTurn(findings: readonly Finding[]): readonly { readonly rule: Rule; readonly step: PlannedStep }[] {
  const taken: { rule: Rule; step: PlannedStep }[] = [];
  const longest = Math.max(0, ...findings.map(({ steps }) => steps.length));
  for (let round = 0; round < longest; round += 1) {
    for (const { rule, steps } of findings) {
      const step = steps[round];
      if (step !== undefined && taken.length < RULE_STEPS_MAX) taken.push({ rule, step });
    }
  }
  return taken;
}

/** `2 overdue todos, 1 open box in notes` as a sentence. */
function sentence(findings: ReadonlyMap<Rule, number>, observes: boolean): string {
  const parts = [...findings].map(([rule, count]) => rule.says(count));
  const told = parts.length > 1 ? `${parts.slice(0, -1).join(', ')} and ${parts[parts.length - 1]}` : (parts[0] ?? '');
  if (told === '')
    return 'Nothing new to suggest: no overdue todo, date in a title, open box or stale item that is not in your inbox or decided already.';
  return observes ? `Found ${told}. This mission only observes, so it suggests nothing.` : `Found ${told}.`;
}

/**
 * A real plan with no model: what the modules' rules find, without what exists, is suggested already or was rejected, at
 * most {@link RULE_STEPS_MAX} steps. Deterministic: the same rows give the same plan.
 */
export function planByRules(context: PlannerContext): PlanDraft {
  const known = knownSubjects(context);
  const seen = new Set<string>();
  const targets = new Set<string>();
  const observes = context.mission.autonomy === 'observe';
  const log: string[] = [];
  const { objective, concept } = context.mission;
  const findings = context.rules.map((rule): Finding => {
    let found: readonly PlannedStep[] = [];
    try {
      found = rule.find({ world: context.world, objective, concept, inputs: context.linked, zone: context.zone });
    } catch {
      // One rule that fails on odd data must not cost the others' plan.
      log.push(`The rule "${rule.name}" failed and was left out.`);
    }
    if (observes) return findingOf(rule, found);
    let waiting = 0;
    const fresh = found.filter((step) => {
      const read = readStep(step, context);
      if (read === null) return false;
      const { id, table } = read.tool.target(read.args);
      const subject = planSubject(read.tool, read.args);
      // An earlier rule's change of a record stands: two suggestions for one todo would contradict each other.
      const target = id === null ? null : `${table.name}|${id}`;
      if (seen.has(subject) || (target !== null && targets.has(target))) return false;
      const repeated = repetition(read.tool, read.args, context, known);
      if (repeated?.waits) waiting += 1;
      if (repeated !== null) return false;
      seen.add(subject);
      if (target !== null) targets.add(target);
      return true;
    });
    return findingOf(rule, fresh, waiting);
  });
  const taken = takeInTurn(findings);
  const inOrder = findings.flatMap(({ rule }) => taken.filter((one) => one.rule === rule));
  const counts = new Map<Rule, number>();
  for (const { rule } of inOrder) counts.set(rule, (counts.get(rule) ?? 0) + 1);
  const total = findings.reduce((sum, { fresh }) => sum + fresh.length, 0);
  if (total > taken.length) log.push(`The rules found ${total} things; the first ${taken.length} are suggested.`);
  return {
    summary: sentence(counts, observes),
    answer: '',
    steps: observes ? [] : inOrder.map(({ step }) => step),
    log,
  };
}
