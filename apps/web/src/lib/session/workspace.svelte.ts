import type { JsonValue } from '@manara/kernel/json';
import { err } from '@manara/kernel/result';
import type { Notice } from '@manara/local-db/notices';
import type { LocalDb } from '@manara/local-db/open-local-db';
import type { AppContext } from '@manara/local-db/svelte/app-context';
import { LiveQuery } from '@manara/local-db/svelte/live-query.svelte';
import type { Notices } from '@manara/local-db/svelte/notices-context';
import type { Suggestion } from '@manara/local-db/svelte/suggestions';
import { tableByName, toolByName } from '@manara/modules/registry';
import { proposalIdOf } from '@manara/shared-ai/derived-ids';
import type { Proposal } from '@manara/shared-ai/proposal';
import type { Settled } from '@manara/shared-ai/settlement';
import { type Execution, executions } from '@manara/shared-ai/tables/plans';
import { loadCells, undo } from '@manara/shared-ai/undo';
import type { Actor } from '@manara/sync-core/actor';
import type { AnyRow } from '@manara/sync-core/define-table';
import type { RowReader } from '@manara/sync-core/reader';
import type { Write } from '@manara/sync-core/write';
import { countWords } from '@manara/ui/count/count-words';
import type { Toasts } from '@manara/ui/toast/toasts.svelte.ts';
import { errorLine, refusalWords } from '#lib/errors/error-words.ts';
import { ProposalDesk } from '#lib/suggestions/proposal-desk.ts';
import { decidable, NOTHING_UNDECIDED, readUndecided, type Undecided } from '#lib/suggestions/read-suggestions.ts';
import { countRecords } from './export-data.ts';
import { LiveRuns } from './live-runs.svelte.ts';
import type { Seams } from './seams.ts';

export interface WorkspaceDeps {
  readonly db: LocalDb;
  readonly user: Actor;
  readonly seams: Seams;
  readonly toasts: Toasts;
  /** the person's day, and ms since 1970, read reactively */
  readonly today: () => string;
  readonly nowMs: () => number;
  /** called after each stored write of the person */
  readonly onwrite: () => void;
}

/** One open database and what pages may do with it. Made by the session for a profile, closed with it. */
export class Workspace {
  readonly db: LocalDb;
  readonly app: AppContext;
  readonly desk: ProposalDesk;
  readonly runs: LiveRuns;
  readonly #deps: WorkspaceDeps;

  /** over all modules */
  readonly #undecided: LiveQuery<Undecided, Undecided>;
  readonly #records: LiveQuery<number, number>;
  readonly #notices: LiveQuery<readonly Notice[], readonly Notice[]>;
  readonly noticeDesk: Notices = {
    of: (table, recordId) =>
      this.#notices.current
        .filter((notice) => notice.table === table && notice.recordId === recordId)
        .map((notice) => ({ ...notice, own: notice.actor?.id === this.#deps.user.id })),
    dismiss: (notice) => this.db.dismissNotice(notice.id),
    restore: (notice) => this.#restoreText(notice),
  };
  readonly #decidable: readonly Suggestion[] = $derived.by(() =>
    decidable(this.#undecided.current, this.#deps.nowMs()),
  );
  #shown: readonly Suggestion[] = [];
  /** Decidable now. The same list for as long as its members are the same, however often the clock ticks. */
  readonly suggestions: readonly Suggestion[] = $derived.by(() => {
    const next = this.#decidable;
    const same = next.length === this.#shown.length && next.every((one, at) => one === this.#shown[at]);
    if (!same) this.#shown = next;
    return this.#shown;
  });
  readonly recordCount: number = $derived.by(() => this.#records.current);
  /** the proposal whose form is open */
  editing = $state.raw<Proposal | null>(null);

  constructor(deps: WorkspaceDeps) {
    this.#deps = deps;
    const { db, seams } = deps;
    this.db = db;
    this.runs = new LiveRuns(seams);
    this.app = this.#makeApp();
    this.desk = new ProposalDesk({
      reader: db.reader,
      clientId: () => db.clientId,
      newId: seams.newId,
      nowMs: seams.nowMs,
      today: deps.today,
      write: async (writes) => {
        if (!(await this.app.write(writes))) throw new Error('the decision was not stored');
      },
      alone: (task) => alone(seams, `${db.name}:decide`, task),
    });
    this.#undecided = new LiveQuery(async () => {
      const pending = await db.proposals({ by: 'status', equals: 'pending' });
      return readUndecided(db.reader, pending, { nowMs: seams.nowMs(), today: seams.today(), clientId: db.clientId });
    }, NOTHING_UNDECIDED);
    this.#records = new LiveQuery(() => countRecords(db.reader), 0);
    this.#notices = new LiveQuery(() => db.notices(), []);
  }

  /** Approves and runs; says what was done with Undo, and what was left with its reason. */
  async accept(stepIds: readonly string[]): Promise<void> {
    const seen = await this.#proposals(stepIds);
    await this.#tell(this.desk.approve(seen));
  }

  /** The same for what one decision covers: the rest asks by itself. */
  async acceptAll(stepIds: readonly string[]): Promise<void> {
    const seen = await this.#proposals(stepIds);
    await this.#tell(this.desk.approvePlan(seen));
  }

  async dismiss(stepId: string): Promise<void> {
    const [proposal] = await this.#proposals([stepId]);
    if (proposal === undefined) return;
    await this.desk.reject(proposal, {});
    const reopen = (): void => void this.desk.reopen(proposal);
    this.#deps.toasts.show({ message: `Dismissed: ${proposal.summary}`, undo: reopen });
  }

  async edit(stepId: string): Promise<void> {
    const [proposal] = await this.#proposals([stepId]);
    // What is as it is, such as a delete, has no form to open.
    this.editing = proposal && toolByName.get(proposal.tool)?.form.length ? proposal : null;
  }

  /** Takes back what these executions did, field by field; what was changed since stays. */
  async undo(done: readonly Execution[]): Promise<void> {
    const { db, seams, toasts } = this.#deps;
    const cells = await loadCells(db, done);
    const context = { cells, tables: tableByName, newId: seams.newId, nowMs: seams.nowMs(), clientId: db.clientId };
    const { groups, undone, kept } = undo(done, context);
    for (const group of groups) if (!(await this.app.write(group))) return;
    const also = kept.length > 0 ? `. ${countWords(kept.length, 'field')} that changed since stayed` : '';
    toasts.show({
      message: undone.length > 0 ? `Undid ${countWords(undone.length, 'change')}${also}` : 'There was nothing to undo',
    });
  }

  /** Shows the outcome of a decision. Resolves with why nothing was carried out, or null. */
  async tell(settling: Promise<Settled>): Promise<string | null> {
    const settled = await settling;
    const { toasts } = this.#deps;
    const [left] = settled.left;
    if (settled.executed.length > 0) {
      const message = `Approved ${countWords(settled.executed.length, 'change')}`;
      toasts.show({ message, undo: () => void this.undoSteps(settled.executed) });
    }
    if (settled.failed.length > 0)
      toasts.show({
        message: `${countWords(settled.failed.length, 'change')} failed. Nothing else was touched`,
        tone: 'bad',
      });
    return left === undefined ? null : left.reason;
  }

  async undoSteps(stepIds: readonly string[]): Promise<void> {
    const rows = await this.db.reader.list(executions, { by: 'stepId', anyOf: stepIds });
    await this.undo(rows.filter((row) => row.status === 'done'));
  }

  close(): void {
    this.db.close();
  }

  async #restoreText({ id, table, recordId, field, text }: Notice): Promise<void> {
    const def = tableByName.get(table);
    const row = def && ((await this.db.reader.get(def, recordId)) as AnyRow | undefined);
    if (row === undefined) return;
    const write = (value: JsonValue): readonly Write[] => [{ table, id: recordId, set: { [field]: value } }];
    if (await this.app.writeWithUndo(write(text), 'Your text is back', write(row[field] ?? '')))
      await this.db.dismissNotice(id);
  }

  async #tell(settling: Promise<Settled>): Promise<void> {
    const left = await this.tell(settling);
    if (left !== null) this.#deps.toasts.show({ message: `Not approved: ${left}`, tone: 'bad' });
  }

  async #proposals(stepIds: readonly string[]): Promise<readonly Proposal[]> {
    const found = await Promise.all(stepIds.map((stepId) => this.db.proposal(proposalIdOf(stepId))));
    return found.filter((proposal) => proposal !== undefined);
  }

  #makeApp(): AppContext {
    const { db, user, seams, toasts, today, onwrite } = this.#deps;
    const write = async (writes: readonly Write[], actor: Actor = user): Promise<boolean> => {
      const result = await db.write(actor, writes).catch((error: unknown) => {
        console.error(error);
        return err({ code: 'storage' });
      });
      if (result.ok) onwrite();
      else toasts.show({ message: notSaved(result.error.code), tone: 'bad' });
      return result.ok;
    };
    return {
      reader: db.reader,
      write: (writes, options) => write(writes, options?.actor),
      async writeWithUndo(writes, message, undo) {
        const stored = await write(writes);
        if (stored) toasts.show({ message, undo: () => void write(undo) });
        return stored;
      },
      cells: (table, id) => db.cells(table, id),
      user,
      get clientId() {
        return db.clientId;
      },
      space: db.space,
      newId: seams.newId,
      nowMs: seams.nowMs,
      today,
      zone: seams.zone(),
      live: <T>(query: (reader: RowReader) => Promise<T>, initial?: T) =>
        new LiveQuery<T, T>(() => query(db.reader), initial as T),
    };
  }
}

/** Why this device did not store a change. */
export function notSaved(code: string): string {
  if (code === 'quota') return errorLine('quota_exceeded');
  if (code === 'storage') return 'Not saved: the storage of this browser failed. Load this page again.';
  if (code === 'adopted') return 'Not saved: this data has moved to your account. Load the page again.';
  if (code === 'outdated') return 'Not saved: another tab runs a newer version of the app. Load this page again.';
  if (code === 'too_large') return 'Not saved: these are too many changes, or too much text, for one step.';
  return `Not saved. ${refusalWords(code)}`;
}

let queue: Promise<unknown> = Promise.resolve();

/** One task at a time over all tabs of the profile; over this tab where the browser has no locks. */
function alone<T>(seams: Pick<Seams, 'locks'>, name: string, task: () => Promise<T>): Promise<T> {
  const locks = seams.locks();
  if (locks !== undefined) return locks.request(name, task) as Promise<T>;
  const next = queue.then(task, task);
  queue = next.catch(() => undefined);
  return next;
}
