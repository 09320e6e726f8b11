import type { DatabaseFault } from '@manara/local-db/database';
import type { LocalDb } from '@manara/local-db/open-local-db';
import { persistStorage } from '@manara/local-db/storage';
import { LiveQuery } from '@manara/local-db/svelte/live-query.svelte';
import type { Execution } from '@manara/shared-ai/tables/plans';
import type { SyncStatus as EngineStatus } from '@manara/sync-client/sync-status';
import type { Toasts } from '@manara/ui/toast/toasts.svelte.ts';
import { tick } from 'svelte';
import { online } from 'svelte/reactivity/window';
import { type ErrorWords, errorWords } from '#lib/errors/error-words.ts';
import { Now } from '#lib/shell/now.svelte.ts';
import type { RefusedChange, SyncStatus } from '#lib/shell/sync-status.ts';
import { countByPage } from '#lib/suggestions/count-by-page.ts';
import { adoptInto } from './adopt.ts';
import { Api, type ApiResult, type Credentials } from './api.ts';
import { planNow, startDevicePlanner } from './device-planner.ts';
import { downloadText, exportJson } from './export-data.ts';
import { forgetPlanner, type KnownPlanner, keepPlanner, readPlanner } from './kept-planner.ts';
import { type NamedDevice, namedDevices } from './named-devices.ts';
import { openDatabase, userOf } from './open-database.ts';
import { type Account, GUEST, PROFILE_KEY, type Profile, readProfile, writeProfile } from './profile.ts';
import { forgetDrafts, rescueDrafts } from './rescue-drafts.ts';
import type { Seams } from './seams.ts';
import { forgiveSignOut, oweSignOut, payOwedSignOut } from './sign-out-owed.ts';
import { SyncHandle } from './start-sync.svelte.ts';
import { readStorage, type StorageReport } from './storage.ts';
import { refusedWords, reviewWords } from './sync-words.ts';
import { notSaved, Workspace } from './workspace.svelte.ts';

/** How often the words that count from now ("12 s ago") are counted anew. */
const NOW_EVERY_MS = 5000;

export interface SessionDeps {
  readonly seams: Seams;
  readonly toasts: Toasts;
  readonly storage: Storage;
  /** Opens a path of the app. */
  readonly goto: (path: string) => void;
}

/**
 * The composition root of the browser: which database is open, for whom, and what keeps it in step. One at a time, and
 * one person's changes never reach another's account: each has a database with an outbox of its own.
 */
export class Session {
  readonly api: Api;
  readonly #deps: SessionDeps;
  readonly #now: Now;
  #profile: Profile = $state.raw(GUEST);
  /** null while one is being opened */
  workspace: Workspace | null = $state.raw(null);
  #sync: SyncHandle | null = $state.raw(null);
  #waiting: LiveQuery<number, number> | null = $state.raw(null);
  #refused: LiveQuery<readonly RefusedChange[], readonly RefusedChange[]> | null = $state.raw(null);
  /** why no database could be opened, or what is wrong with the one that is */
  fault: DatabaseFault | 'unavailable' | null = $state(null);
  /** where the server sends mission inputs; null until it has told this account */
  planner: KnownPlanner | null = $state.raw(null);
  #stopPlanner: () => void = () => undefined;
  #persistAsked = false;
  readonly #disposals: (() => void)[] = [];

  constructor(deps: SessionDeps) {
    this.#deps = deps;
    this.#now = new Now(deps.seams.nowMs);
    this.api = new Api(deps.seams.fetch);
  }

  readonly account: Account | null = $derived(this.#profile.account);
  /** the server has ended the session, or it is another account's; the data here stays usable */
  readonly needsSignIn: boolean = $derived.by(() => {
    const status = this.#sync?.status;
    return this.account !== null && (status?.signedOut === true || status?.removed === true);
  });
  readonly #queued: number = $derived.by(() => (this.account === null ? 0 : (this.#waiting?.current ?? 0)));
  /** changes of this account that are nowhere but here: those that wait and those that were refused; 0 for a guest */
  readonly unsynced: number = $derived.by(() => this.#queued + this.status.refused.length);
  readonly today: string = $derived.by(() => this.#deps.seams.dayOf(this.#now.ms));
  readonly recordCount: number = $derived(this.workspace?.recordCount ?? 0);
  readonly status: SyncStatus = $derived.by(() => this.#status());
  /** undecided suggestions by the path of the page that shows them */
  readonly suggestionCounts: ReadonlyMap<string, number> = $derived.by(() =>
    countByPage(this.workspace?.suggestions ?? []),
  );

  /** ms since 1970, ticking; read it reactively */
  get nowMs(): number {
    return this.#now.ms;
  }
  get clientId(): string | null {
    return this.workspace?.db.clientId ?? null;
  }
  dayOf(ms: number): string {
    return this.#deps.seams.dayOf(ms);
  }

  /** Opens the data of whoever worked here last. */
  async start(): Promise<void> {
    const { seams, storage } = this.#deps;
    this.#disposals.push(this.#now.start(NOW_EVERY_MS));
    const follow = (event: StorageEvent): void => {
      // Another tab signed in or out: what is open here is no longer the profile's.
      if (event.key === PROFILE_KEY) location.reload();
    };
    addEventListener('storage', follow);
    this.#disposals.push(() => removeEventListener('storage', follow));
    void payOwedSignOut(storage, this.api, seams);
    await this.#open(readProfile(storage));
  }

  async dispose(): Promise<void> {
    for (const dispose of this.#disposals.splice(0)) dispose();
    await this.#close();
  }

  async signUp(name: string, credentials: Credentials): Promise<ApiResult<void>> {
    return this.#enter(() => this.api.signUp(name, credentials));
  }

  async signIn(credentials: Credentials): Promise<ApiResult<void>> {
    return this.#enter(() => this.api.signIn(credentials));
  }

  /**
   * Ends the session here and goes back to the guest's data. What is unsynced stays in the account's own database, and is
   * sent when the same account signs in here again, unless `removeData` says otherwise.
   */
  async signOut({ removeData }: { readonly removeData: boolean }): Promise<void> {
    const db = this.workspace?.db;
    await this.#close();
    // Off the account's list of devices, until it signs in again.
    const left = db ? await this.api.revokeDevice(db.clientId) : null;
    const isUnreachable = left !== null && !left.ok && left.error.code === 'offline';
    const reply = isUnreachable ? left : await this.api.signOut();
    // The session is over already, or else the cookie lives on and is to be ended as soon as the server can.
    if (!reply.ok && reply.error.code !== 'unauthenticated') oweSignOut(this.#deps.storage, this.api, this.#deps.seams);
    writeProfile(this.#deps.storage, GUEST);
    if (removeData && db) {
      forgetDrafts(this.#deps.storage, db.clientId);
      if (this.account) forgetPlanner(this.#deps.storage, this.account);
      await db.delete();
    }
    await this.#open(GUEST);
  }

  /** "Sync now". */
  retry(): void {
    this.#sync?.kick();
  }

  async repair(changeId: string, repairId: string): Promise<void> {
    const db = this.workspace?.db;
    if (db === undefined) return;
    const user = userOf(this.#profile);
    const n = Number(changeId);
    if (repairId === 'retry') this.#tellRefused(await db.retryRefused(n, user));
    else if (repairId === 'discard') await db.discardRefused(n);
    else if (repairId === 'keep') this.#tellRefused(await db.keepReview(changeId, user));
    else if (repairId === 'drop') await db.discardReview(changeId);
    else if (repairId.startsWith('open:')) this.#deps.goto(repairId.slice('open:'.length));
    this.retry();
  }

  /** A change that this device refuses stays in the list: its person is told why. */
  #tellRefused(result: Awaited<ReturnType<LocalDb['retryRefused']>>): void {
    if (!result.ok) this.#deps.toasts.show({ message: notSaved(result.error.code), tone: 'bad' });
  }

  undo(done: readonly Execution[]): Promise<void> {
    return this.workspace?.undo(done) ?? Promise.resolve();
  }

  /** Puts sample notes, todos and a mission there and plans it by rules. True when there is something to see. */
  async startDemo(): Promise<boolean> {
    const { workspace } = this;
    if (workspace === null) return false;
    const { app, db } = workspace;
    const { demo } = await import('@manara/modules/sample-data');
    const { missionId, writes } = demo({ newId: app.newId, nowMs: app.nowMs(), today: app.today(), zone: app.zone });
    return (await app.write(writes)) && (await planNow({ db, seams: this.#deps.seams }, missionId));
  }

  /** The account's devices, asked from the server. */
  devices(): Promise<ApiResult<readonly NamedDevice[]>> {
    return namedDevices(this.api, this.clientId);
  }

  storageReport(): Promise<StorageReport> {
    return readStorage(this.#deps.seams);
  }

  async protectStorage(): Promise<void> {
    const kept = await persistStorage(this.#deps.seams.storage());
    if (!kept)
      this.#deps.toasts.show({ message: 'The browser did not promise it. Signing in keeps a copy on the server.' });
  }

  async exportData(): Promise<void> {
    const app = this.workspace?.app;
    if (app === undefined) return;
    const at = this.#deps.seams.isoNow();
    downloadText(`manara-${at.slice(0, 10)}.json`, await exportJson(app.reader, app.space, at));
  }

  async #enter(authenticate: () => Promise<ApiResult<unknown>>): Promise<ApiResult<void>> {
    const entered = await authenticate();
    if (!entered.ok) return entered;
    const me = await this.api.me();
    if (!me.ok) return me;
    forgiveSignOut(this.#deps.storage);
    const previous = this.#profile.account;
    // A guest's data goes with the person; another account's stays where it is.
    const next: Profile = { account: me.value, adopting: previous === null };
    writeProfile(this.#deps.storage, next);
    await this.#close();
    await this.#open(next);
    // Where another tab leads, it is told: it waits for this.
    this.retry();
    return { ok: true, value: undefined };
  }

  async #open(profile: Profile): Promise<void> {
    const { seams, storage } = this.#deps;
    this.fault = null;
    this.#profile = profile;
    try {
      const db = await openDatabase(profile, seams, (fault) => this.#heard(fault));
      if (profile.adopting) {
        this.#profile = await adoptInto(db, profile, storage, seams);
      }
      await this.#use(db);
    } catch (error) {
      console.error(error);
      this.fault ??= 'unavailable';
    }
  }

  #heard(fault: DatabaseFault | null): void {
    this.fault = fault;
    // The tab with the newer version leads from now on.
    if (fault === 'outdated') void this.#stopWork();
  }

  async #stopWork(): Promise<void> {
    this.#stopPlanner();
    await this.#sync?.stop();
  }

  async #use(db: LocalDb): Promise<void> {
    const { seams, toasts, storage } = this.#deps;
    const user = userOf(this.#profile);
    const workspace = new Workspace({
      db,
      user,
      seams,
      toasts,
      today: () => this.today,
      nowMs: () => this.nowMs,
      onwrite: () => this.#wrote(),
    });
    await rescueDrafts(storage, db.clientId, db.reader, (writes) => workspace.app.write(writes));
    this.#waiting = new LiveQuery(() => db.waiting(), 0);
    this.#refused = new LiveQuery(async () => {
      const refused = (await db.refused()).map((one) => refusedWords(db.reader, one));
      const review = (await db.review()).map((one) => reviewWords(db.reader, one));
      return Promise.all([...refused, ...review]);
    }, []);
    if (this.account !== null) {
      this.planner = readPlanner(storage, this.account);
      const onconnect = (): void => void this.#askPlanner();
      this.#sync = new SyncHandle(db, seams, { onrun: (event) => workspace.runs.hear(event), onconnect });
    }
    // A guest has no server that could plan.
    const awayMs = (): number => this.#sync?.awayMs ?? Number.POSITIVE_INFINITY;
    this.#stopPlanner = startDevicePlanner({ db, seams, awayMs });
    this.workspace = workspace;
  }

  async #close(): Promise<void> {
    const { workspace } = this;
    this.workspace = null;
    // Editors save what they hold when they go.
    await tick();
    await this.#stopWork();
    this.#sync = null;
    this.planner = null;
    this.#waiting = null;
    this.#refused = null;
    workspace?.close();
  }

  #wrote(): void {
    if (this.#persistAsked) return;
    this.#persistAsked = true;
    void persistStorage(this.#deps.seams.storage());
  }

  async #askPlanner(): Promise<void> {
    const { account } = this;
    const reply = await this.api.planner();
    if (!reply.ok || account === null || account !== this.account) return;
    this.planner = { ...reply.value, isLastKnown: false };
    keepPlanner(this.#deps.storage, account, reply.value);
  }

  #status(): SyncStatus {
    const sync = this.#sync?.status;
    if (this.account === null || sync === undefined) {
      return { state: 'guest', waiting: 0, lastSyncAt: null, refused: [] };
    }
    return {
      state: sync.state === 'offline' && online.current !== false ? 'unreachable' : sync.state,
      waiting: this.#queued,
      // Of this page's life, or else of the last one's.
      lastSyncAt: sync.lastSyncAt ?? this.workspace?.db.pulledAt ?? null,
      refused: this.#refused?.current ?? [],
      clockOffByMs: sync.clockSkewMs,
      problem: problemWords(sync),
    };
  }
}

/** Why sync stands still, when it is not the network; the first that a person has to see to. */
function problemWords(sync: EngineStatus): ErrorWords | null {
  if (sync.signedOut) return errorWords('unauthenticated');
  if (sync.upgradeRequired) return errorWords('upgrade_required');
  if (sync.removed) return errorWords('space_removed');
  return sync.problem === null ? null : errorWords(sync.problem.code);
}
