import { readSessionEnds } from '@manara/db/accounts/open-sessions';
import type { Database } from '@manara/db/client';
import { type Heads, readHeadsOfAccounts } from '@manara/db/pull/read-heads';
import { LIVE_HEADS_EVERY_MS } from '@manara/protocol/limits';
import type { Session } from '../auth.ts';
import type { Pokes } from '../pokes.ts';
import type { SyncClock } from '../seams.ts';
import type { ServiceLog } from '../service-log.ts';
import type { EventSink } from './event-sink.ts';

/** How often the hub looks whose heads are due. */
const TICK_MS = 1000;
/** A session ended elsewhere (another process, a sign-out) is noticed within this and one tick: under 5 s. */
const SESSIONS_EVERY_MS = 3000;
/** A stream says so this long before its session ends. */
const AUTH_NOTICE_MS = 60_000;
/** Who does not read its events for so long is cut off: the next connection starts with the heads. */
const BACKLOG_BYTES_MAX = 65_536;

export interface LiveHub {
  /** Adds a stream that knows these heads; it leaves when its sink closes. */
  open(session: Session, heads: Heads, sink: EventSink): void;
  /** Ends the streams of these sessions now. */
  endSessions(sessionIds: readonly string[]): void;
  readonly size: number;
  /** Ends all streams and stops looking. */
  close(): void;
}

export interface LiveHubDeps {
  readonly db: Database;
  readonly pokes: Pokes;
  readonly clock: SyncClock;
  readonly log: ServiceLog;
}

interface Stream {
  readonly accountId: string;
  readonly sessionId: string;
  readonly sink: EventSink;
  sessionEndsMs: number;
  headsDueMs: number;
  hasNotice: boolean;
  spaces: readonly string[];
  unsubscribe: () => void;
}

export function createLiveHub(deps: LiveHubDeps): LiveHub {
  const { pokes, clock } = deps;
  const streams = new Set<Stream>();
  let cancelTick: (() => void) | null = null;
  let sessionsDueMs = 0;
  let isClosed = false;

  const listen = (stream: Stream, heads: Heads): void => {
    stream.unsubscribe();
    stream.spaces = Object.keys(heads);
    stream.unsubscribe = pokes.subscribe(stream.spaces, {
      heads: (moved) => send(stream, { event: 'heads', data: { ...moved } }),
      run: (event) => send(stream, { event: 'run', data: event }),
    });
  };

  const end = (stream: Stream): void => void stream.sink.end();

  /** The interval runs only while there is somebody to tell. */
  const schedule = (): void => {
    if (isClosed || cancelTick !== null || streams.size === 0) return;
    cancelTick = clock.after(TICK_MS, () => {
      void tick()
        .catch((error: unknown) => deps.log.warn({ err: error }, 'live: the database did not answer'))
        .finally(() => {
          cancelTick = null;
          schedule();
        });
    });
  };

  const tick = async (): Promise<void> => {
    const nowMs = clock.nowMs();
    if (nowMs >= sessionsDueMs) {
      sessionsDueMs = nowMs + SESSIONS_EVERY_MS;
      await checkSessions(deps.db, streams, nowMs, end);
    }
    const due = [...streams].filter((stream) => nowMs >= stream.headsDueMs);
    if (due.length === 0) return;
    const heads = await readHeadsOfAccounts(deps.db, [...new Set(due.map((stream) => stream.accountId))]);
    for (const stream of due) {
      stream.headsDueMs = nowMs + LIVE_HEADS_EVERY_MS;
      const own = heads.get(stream.accountId) ?? {};
      if (stream.spaces.join() !== Object.keys(own).join()) listen(stream, own);
      send(stream, { event: 'heads', data: { ...own } });
    }
  };

  return {
    open(session, heads, sink) {
      const stream: Stream = {
        accountId: session.userId,
        sessionId: session.id,
        sink,
        sessionEndsMs: session.expiresAt.getTime(),
        headsDueMs: clock.nowMs() + LIVE_HEADS_EVERY_MS,
        hasNotice: false,
        spaces: [],
        unsubscribe: () => {},
      };
      streams.add(stream);
      sink.onClose(() => {
        streams.delete(stream);
        stream.unsubscribe();
      });
      if (isClosed) return end(stream);
      listen(stream, heads);
      send(stream, { event: 'heads', data: { ...heads } });
      noticeEnd(stream, clock.nowMs());
      schedule();
    },
    endSessions(sessionIds) {
      const ended = new Set(sessionIds);
      for (const stream of [...streams]) if (ended.has(stream.sessionId)) end(stream);
    },
    get size() {
      return streams.size;
    },
    close() {
      isClosed = true;
      cancelTick?.();
      for (const stream of [...streams]) end(stream);
    },
  };
}

function send(stream: Stream, event: Parameters<EventSink['send']>[0]): void {
  if (stream.sink.backlog() > BACKLOG_BYTES_MAX) stream.sink.end();
  else stream.sink.send(event);
}

function noticeEnd(stream: Stream, nowMs: number): void {
  const leftMs = stream.sessionEndsMs - nowMs;
  if (stream.hasNotice || leftMs > AUTH_NOTICE_MS) return;
  stream.hasNotice = true;
  send(stream, { event: 'auth', data: { expiresIn: Math.max(0, Math.round(leftMs / 1000)) } });
}

/** A session that is in use is prolonged: its end is read anew each time. */
async function checkSessions(
  db: Database,
  streams: ReadonlySet<Stream>,
  nowMs: number,
  end: (stream: Stream) => void,
): Promise<void> {
  const open = [...streams];
  const endsMs = await readSessionEnds(db, [...new Set(open.map((stream) => stream.sessionId))]);
  for (const stream of open) {
    const sessionEndsMs = endsMs.get(stream.sessionId);
    if (sessionEndsMs === undefined || sessionEndsMs <= nowMs) {
      end(stream);
      continue;
    }
    if (sessionEndsMs - nowMs > AUTH_NOTICE_MS) stream.hasNotice = false;
    stream.sessionEndsMs = sessionEndsMs;
    noticeEnd(stream, nowMs);
  }
}
