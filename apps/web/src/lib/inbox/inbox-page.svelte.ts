import { LiveQuery } from '@manara/local-db/svelte/live-query.svelte';
import type { Suggestion } from '@manara/local-db/svelte/suggestions';
import { type DecideContext, snooze, wake } from '@manara/shared-ai/decide';
import { groupProposals, type PlanGroup, type Proposal, supersededIds, viewOf } from '@manara/shared-ai/proposal';
import { type Mission, missions } from '@manara/shared-ai/tables/missions';
import { type Iteration, iterations } from '@manara/shared-ai/tables/plans';
import type { RowReader } from '@manara/sync-core/reader';
import { countWords } from '@manara/ui/count/count-words';
import type { Command } from '@manara/ui/shortcuts/shortcuts.svelte.ts';
import type { Toasts } from '@manara/ui/toast/toasts.svelte.ts';
import type { Workspace } from '#lib/session/workspace.svelte.ts';
import { snoozeUntil } from './snooze-until.ts';

/** Open proposals and those put aside beside them; a person decides long before there are this many. */
const PROPOSALS_MAX = 500;

interface Loaded {
  readonly proposals: readonly Proposal[];
  readonly failed: readonly Proposal[];
  readonly iterations: ReadonlyMap<string, Iteration>;
  readonly missions: ReadonlyMap<string, Mission>;
}

/** What the inbox shows and what its keys and buttons do. Made in the page component's init. */
export class InboxPage {
  readonly #workspace: Workspace;
  readonly #nowMs: () => number;
  readonly #toasts: Toasts;
  readonly #loaded: LiveQuery<Loaded | undefined, Loaded | undefined>;
  /** the step that the keys act on and the detail pane shows */
  cursor = $state<string | null>(null);
  /** on a narrow screen the detail is a sheet */
  detailOpen = $state(false);
  rejecting = $state.raw<readonly Proposal[] | null>(null);
  busy = $state(false);
  /** takes back the last decision of this visit, for `z` when its message is gone */
  #takeBack: (() => unknown) | null = null;

  constructor(workspace: Workspace, toasts: Toasts, nowMs: () => number) {
    this.#toasts = toasts;
    this.#workspace = workspace;
    // The page's clock ticks now and then, which is when this is read again; what was woken a moment ago is awake by the real one.
    this.#nowMs = () => Math.max(nowMs(), workspace.app.nowMs());
    this.#loaded = new LiveQuery(() => load(workspace), undefined);
  }

  readonly ready = $derived.by(() => this.#loaded.status !== 'loading');
  readonly groups: readonly PlanGroup[] = $derived.by(() => {
    const loaded = this.#loaded.current;
    return loaded === undefined ? [] : groupProposals(loaded.proposals, { ...loaded, nowMs: this.#nowMs() });
  });
  readonly failed: readonly Proposal[] = $derived.by(() => this.#loaded.current?.failed ?? []);
  readonly snoozed: readonly Proposal[] = $derived.by(() => {
    const all = this.#loaded.current?.proposals ?? [];
    const superseded = supersededIds(all);
    return all.filter((one) => viewOf(one, this.#nowMs()) === 'snoozed' && !superseded.has(one.id));
  });
  readonly open: readonly Proposal[] = $derived(this.groups.flatMap((group) => group.proposals));
  readonly current: Proposal | undefined = $derived(
    this.open.find((one) => one.stepId === this.cursor) ?? this.open[0],
  );
  readonly currentGroup: PlanGroup | undefined = $derived(
    this.groups.find((group) => group.iterationId === this.current?.iterationId),
  );
  readonly counted = $derived(
    this.open.length === 0
      ? undefined
      : `${countWords(this.open.length, 'change')} in ${countWords(this.groups.length, 'plan')}`,
  );

  suggestionOf(proposal: Proposal): Suggestion | undefined {
    return this.#workspace.suggestions.find((one) => one.stepId === proposal.stepId);
  }

  show(stepId: string): void {
    this.cursor = stepId;
    this.detailOpen = true;
  }

  /** Moves the cursor to the line after or before; stays at the ends. */
  move(by: 1 | -1): void {
    const at = this.open.findIndex((one) => one.stepId === this.current?.stepId);
    const next = this.open[Math.min(Math.max(at + by, 0), this.open.length - 1)];
    if (next) this.cursor = next.stepId;
  }

  approve(proposal: Proposal): Promise<void> {
    return this.#settle([proposal], () => this.#workspace.desk.approve([proposal]));
  }

  approveGroup(group: PlanGroup): Promise<void> {
    const seen = group.approvable;
    return seen.length === 0 ? Promise.resolve() : this.#settle(seen, () => this.#workspace.desk.approvePlan(seen));
  }

  retry(proposal: Proposal): Promise<void> {
    return this.#settle([proposal], () => this.#workspace.desk.retry([proposal]));
  }

  edit(proposal: Proposal): void {
    void this.#workspace.edit(proposal.stepId);
  }

  async reject(seen: readonly Proposal[], reasonCode: string | null, feedback: string): Promise<void> {
    this.rejecting = null;
    const next = this.#after(seen);
    const rejection = reasonCode === null ? { feedback } : { reasonCode, feedback };
    for (const one of seen) await this.#workspace.desk.reject(one, rejection);
    this.cursor = next;
    const what = seen.length === 1 ? (seen[0]?.summary ?? '') : countWords(seen.length, 'suggestion');
    this.#takeBack = () => this.#reopen(seen);
    this.#toasts.show({ message: `Rejected: ${what}`, undo: () => void this.#reopen(seen) });
  }

  async snooze(proposal: Proposal): Promise<void> {
    const next = this.#after([proposal]);
    if (!(await this.#workspace.app.write(snooze(proposal, snoozeUntil(this.#nowMs()), this.#decideContext())))) return;
    this.cursor = next;
    this.#takeBack = () => this.wake(proposal);
    this.#toasts.show({ message: 'Snoozed until tomorrow at 8', undo: () => void this.wake(proposal) });
  }

  async wake(proposal: Proposal): Promise<void> {
    await this.#workspace.app.write(wake(proposal, this.#decideContext()));
  }

  /** Takes back the last decision, whichever it was: with its message while that is on show. */
  undoLast(): void {
    const takeBack = this.#takeBack;
    this.#takeBack = null;
    if (!this.#toasts.undoLast()) takeBack?.();
  }

  commands(): readonly Command[] {
    const proposal = this.current;
    const group = 'Inbox';
    const when = proposal !== undefined;
    const on = (act: (proposal: Proposal) => unknown) => () => void (proposal && act(proposal));
    return [
      { id: 'inbox.next', keys: 'j', label: 'Next suggestion', group, when, run: () => this.move(1) },
      { id: 'inbox.previous', keys: 'k', label: 'Previous suggestion', group, when, run: () => this.move(-1) },
      { id: 'inbox.approve', keys: 'a', label: 'Approve this one', group, when, run: on((one) => this.approve(one)) },
      {
        id: 'inbox.approve-plan',
        keys: 'A',
        label: 'Approve the whole plan',
        group,
        when: (this.currentGroup?.approvable.length ?? 0) > 0,
        run: () => void (this.currentGroup && this.approveGroup(this.currentGroup)),
      },
      { id: 'inbox.edit', keys: 'e', label: 'Edit, then approve', group, when, run: on((one) => this.edit(one)) },
      {
        id: 'inbox.reject',
        keys: 'r',
        label: 'Reject with a reason',
        group,
        when,
        run: on((one) => (this.rejecting = [one])),
      },
      {
        id: 'inbox.snooze',
        keys: 's',
        label: 'Snooze until tomorrow',
        group,
        when,
        run: on((one) => this.snooze(one)),
      },
      {
        id: 'inbox.open',
        keys: 'w',
        label: 'Why: open the detail',
        group,
        when,
        run: on((one) => this.show(one.stepId)),
      },
      { id: 'inbox.undo', keys: 'z', label: 'Undo the last decision', group, run: () => this.undoLast() },
    ];
  }

  async #settle(seen: readonly Proposal[], settling: () => ReturnType<Workspace['desk']['approve']>): Promise<void> {
    // A second press while the first is under way would only find everything decided.
    if (this.busy) return;
    this.busy = true;
    const next = this.#after(seen);
    try {
      const settled = settling();
      const left = await this.#workspace.tell(settled);
      if (left !== null) this.#toasts.show({ message: `Not approved: ${left}`, tone: 'bad' });
      const { executed } = await settled;
      if (executed.length === 0) return;
      this.#takeBack = () => this.#workspace.undoSteps(executed);
      this.cursor = next;
    } finally {
      this.busy = false;
    }
  }

  async #reopen(seen: readonly Proposal[]): Promise<void> {
    for (const one of seen) await this.#workspace.desk.reopen(one);
  }

  #decideContext(): DecideContext {
    const { newId, nowMs, clientId } = this.#workspace.app;
    return { newId, nowMs: nowMs(), clientId };
  }

  /** The line that the cursor goes to when these are gone: the next that stays, else the one before. */
  #after(gone: readonly Proposal[]): string | null {
    const ids = new Set(gone.map((one) => one.stepId));
    const at = this.open.findIndex((one) => ids.has(one.stepId));
    const stays = (one: Proposal): boolean => !ids.has(one.stepId);
    return (this.open.slice(at).find(stays) ?? this.open.slice(0, Math.max(at, 0)).findLast(stays))?.stepId ?? null;
  }
}

async function load({ db }: Workspace): Promise<Loaded> {
  const [proposals, failed] = await Promise.all([
    db.proposals({ by: 'status', anyOf: ['pending', 'quarantined'], limit: PROPOSALS_MAX }),
    db.proposals({ by: 'status', equals: 'failed', limit: PROPOSALS_MAX }),
  ]);
  const pending = proposals.filter((one) => one.status === 'pending');
  return {
    proposals,
    failed,
    iterations: await byId(
      db.reader,
      iterations,
      pending.map((one) => one.iterationId),
    ),
    missions: await byId(
      db.reader,
      missions,
      pending.map((one) => one.missionId),
    ),
  };
}

async function byId<T extends typeof iterations | typeof missions>(
  reader: RowReader,
  table: T,
  ids: readonly string[],
) {
  const rows = await Promise.all([...new Set(ids)].map((id) => reader.get(table, id)));
  return new Map(rows.flatMap((row) => (row === undefined ? [] : [[row.id, row] as const])));
}
