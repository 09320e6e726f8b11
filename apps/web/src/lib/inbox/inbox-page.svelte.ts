import { LiveQuery } from '@manara/local-db/svelte/live-query.svelte';
import type { Suggestion } from '@manara/local-db/svelte/suggestions';
import { toolByName } from '@manara/modules/registry';
import { type DecideContext, snooze, wake } from '@manara/shared-ai/decide';
import { askAlone, groupProposals, type PlanGroup, type Proposal, viewOf } from '@manara/shared-ai/proposal';
import { countWords } from '@manara/ui/count/count-words';
import type { Command } from '@manara/ui/shortcuts/shortcuts.svelte.ts';
import type { Toasts } from '@manara/ui/toast/toasts.svelte.ts';
import { tick } from 'svelte';
import type { Workspace } from '#lib/session/workspace.svelte.ts';
import { type Inbox, readInbox } from './read-inbox.ts';
import { snoozeUntil } from './snooze-until.ts';

/** The id of a line's main button, where focus goes. */
export const lineId = (stepId: string): string => `inbox-${stepId}`;

/** What the inbox shows and what its keys and buttons do. Made in the page component's init. */
export class InboxPage {
  readonly #workspace: Workspace;
  readonly #nowMs: () => number;
  readonly #toasts: Toasts;
  readonly #loaded: LiveQuery<Inbox | undefined, Inbox | undefined>;
  /** the step that the keys act on and the detail pane shows */
  cursor = $state<string | null>(null);
  /** on a narrow screen the detail is a sheet */
  detailOpen = $state(false);
  rejecting = $state.raw<readonly Proposal[] | null>(null);
  busy = $state(false);
  /** the lines' steps in their order, when the cursor's was last among them */
  #order: readonly string[] = [];
  /** the line with the cursor went while its form was open: focus is owed when that has closed */
  #moved = false;
  /** takes back the last decision of this visit, for `z` when its message is gone */
  #takeBack: (() => unknown) | null = null;

  constructor(workspace: Workspace, toasts: Toasts, nowMs: () => number) {
    this.#toasts = toasts;
    this.#workspace = workspace;
    // The page's clock ticks now and then, which is when this is read again; what was woken a moment ago is awake by the real one.
    this.#nowMs = () => Math.max(nowMs(), workspace.app.nowMs());
    this.#loaded = new LiveQuery(() => {
      const { nowMs, today, clientId } = workspace.app;
      return readInbox(workspace.db, { nowMs: nowMs(), today: today(), clientId });
    }, undefined);
  }

  /** by step */
  readonly #suggestions: ReadonlyMap<string, Suggestion> = $derived.by(() => {
    const known = [...(this.#loaded.current?.snoozed ?? []), ...this.#workspace.suggestions];
    return new Map(known.map((suggestion) => [suggestion.stepId, suggestion]));
  });
  readonly status = $derived.by(() => this.#loaded.status);
  readonly groups: readonly PlanGroup[] = $derived.by(() => {
    const loaded = this.#loaded.current;
    const asksAlone = (proposal: Proposal): string | null => this.asksAlone(proposal);
    return loaded === undefined ? [] : groupProposals(loaded.proposals, { ...loaded, nowMs: this.#nowMs(), asksAlone });
  });
  readonly failed: readonly Proposal[] = $derived.by(() => this.#loaded.current?.failed ?? []);
  readonly approved: readonly Proposal[] = $derived.by(() => this.#loaded.current?.approved ?? []);
  readonly contested: readonly Proposal[] = $derived.by(() => this.#loaded.current?.contested ?? []);
  readonly snoozed: readonly Proposal[] = $derived.by(() =>
    (this.#loaded.current?.proposals ?? []).filter((one) => viewOf(one, this.#nowMs()) === 'snoozed'),
  );
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
    return this.#suggestions.get(proposal.stepId);
  }

  /** Why approving the plan leaves it, or null. */
  asksAlone(proposal: Proposal): string | null {
    const suggestion = this.suggestionOf(proposal);
    return suggestion === undefined ? askAlone(proposal) : suggestion.asksAlone;
  }

  /** Some are as they are: a delete, a completion. */
  isEditable(proposal: Proposal): boolean {
    return (toolByName.get(proposal.tool)?.form.length ?? 0) > 0;
  }

  show(stepId: string): void {
    this.cursor = stepId;
    this.detailOpen = true;
  }

  /** Moves the cursor and focus to the line after or before; stays at the ends. */
  move(by: 1 | -1): void {
    const at = this.open.findIndex((one) => one.stepId === this.current?.stepId);
    const next = this.open[Math.min(Math.max(at + by, 0), this.open.length - 1)];
    if (next) this.#goTo(next.stepId);
  }

  /** Goes on to the next line when the shown one was decided elsewhere: in its form, or on another device. */
  async follow(): Promise<void> {
    const order = this.open.map((one) => one.stepId);
    const formClosed = this.#workspace.editing === null;
    if (this.cursor === null || order.includes(this.cursor)) this.#order = order;
    else {
      this.cursor = lineAfter(this.#order, this.#order.indexOf(this.cursor), (stepId) => order.includes(stepId));
      // In a sheet another suggestion, with its Approve where the last one's was, would be decided by mistake.
      this.detailOpen = false;
      this.#moved = true;
    }
    if (!this.#moved || !formClosed) return;
    this.#moved = false;
    await tick();
    if (document.activeElement === document.body) this.#goTo(this.cursor);
  }

  approve(proposal: Proposal): Promise<void> {
    return this.#settle([proposal], () => this.#workspace.desk.approve([proposal]));
  }

  approveGroup(group: PlanGroup): Promise<void> {
    const seen = group.approvable;
    return seen.length === 0 ? Promise.resolve() : this.#settle(seen, () => this.#workspace.desk.approvePlan(seen));
  }

  retry(proposal: Proposal): Promise<void> {
    return this.#settle([proposal], () => this.#workspace.desk.retry([proposal]), 'Not carried out');
  }

  /** Runs what was approved where it could not be carried out. */
  run(proposal: Proposal): Promise<void> {
    return this.#settle([proposal], () => this.#workspace.desk.run([proposal]), 'Not carried out');
  }

  edit(proposal: Proposal): void {
    void this.#workspace.edit(proposal.stepId);
  }

  reject(seen: readonly Proposal[], reasonCode: string | null, feedback: string): Promise<void> {
    const rejection = reasonCode === null ? { feedback } : { reasonCode, feedback };
    return this.#decide(seen, async () => {
      for (const one of seen) await this.#workspace.desk.reject(one, rejection);
      const what = seen.length === 1 ? (seen[0]?.summary ?? '') : countWords(seen.length, 'suggestion');
      this.#takeBack = () => this.#reopen(seen);
      this.#toasts.show({ message: `Rejected: ${what}`, undo: () => void this.#reopen(seen) });
      return true;
    });
  }

  snooze(proposal: Proposal): Promise<void> {
    return this.#decide([proposal], async () => {
      const writes = snooze(proposal, snoozeUntil(this.#nowMs()), this.#decideContext());
      if (!(await this.#workspace.app.write(writes))) return false;
      this.#takeBack = () => this.wake(proposal);
      this.#toasts.show({ message: 'Snoozed until tomorrow at 8', undo: () => void this.wake(proposal) });
      return true;
    });
  }

  async wake(proposal: Proposal): Promise<void> {
    await this.#workspace.app.write(wake(proposal, this.#decideContext()));
  }

  /** Takes back what ran although it was rejected. */
  undo(proposal: Proposal): Promise<void> {
    return this.#workspace.undoSteps([proposal.stepId]);
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
      {
        id: 'inbox.edit',
        keys: 'e',
        label: 'Edit, then approve',
        group,
        when: when && this.isEditable(proposal),
        run: on((one) => this.edit(one)),
      },
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

  #settle(
    seen: readonly Proposal[],
    settling: () => ReturnType<Workspace['desk']['approve']>,
    refused = 'Not approved',
  ): Promise<void> {
    return this.#decide(seen, async () => {
      const settled = settling();
      const left = await this.#workspace.tell(settled);
      if (left !== null) this.#toasts.show({ message: `${refused}: ${left}`, tone: 'bad' });
      const { executed } = await settled;
      if (executed.length > 0) this.#takeBack = () => this.#workspace.undoSteps(executed);
      return executed.length > 0;
    });
  }

  /**
   * Decides, and goes on to what is next. What was refused stays as it was, dialog and typed reason too.
   * @param deciding tells whether something was decided; throws when it could not be stored, of which the person is told
   */
  async #decide(seen: readonly Proposal[], deciding: () => Promise<boolean>): Promise<void> {
    // A second press while the first is under way would only find everything decided.
    if (this.busy) return;
    this.busy = true;
    const next = this.#after(seen);
    try {
      if (!(await deciding())) return;
    } catch (error) {
      console.error(error);
      return;
    } finally {
      this.busy = false;
    }
    this.rejecting = null;
    // On a narrow screen the list, with the message and its Undo, is under the sheet.
    this.detailOpen = false;
    // What had focus is about to go.
    await tick();
    this.#goTo(next);
  }

  #goTo(stepId: string | null): void {
    this.cursor = stepId;
    const line = stepId === null ? null : document.getElementById(lineId(stepId));
    (line ?? document.querySelector<HTMLElement>('[data-page-title]'))?.focus({ preventScroll: true });
  }

  async #reopen(seen: readonly Proposal[]): Promise<void> {
    for (const one of seen) await this.#workspace.desk.reopen(one);
  }

  #decideContext(): DecideContext {
    const { newId, nowMs, clientId } = this.#workspace.app;
    return { newId, nowMs: nowMs(), clientId };
  }

  /** The line that the cursor goes to when these are gone. */
  #after(gone: readonly Proposal[]): string | null {
    const ids = new Set(gone.map((one) => one.stepId));
    const order = this.open.map((one) => one.stepId);
    const at = order.findIndex((stepId) => ids.has(stepId));
    return at < 0 ? (this.current?.stepId ?? null) : lineAfter(order, at, (stepId) => !ids.has(stepId));
  }
}

/** The next that stays, else the one before. */
const lineAfter = (order: readonly string[], at: number, stays: (stepId: string) => boolean): string | null =>
  order.slice(at).find(stays) ?? order.slice(0, at).findLast(stays) ?? null;
