import { createPersonalSpace } from '@manara/db/accounts/create-personal-space';
import type { Database } from '@manara/db/client';
import type { LiveEvent } from '@manara/protocol/live';
import { engines } from '@manara/testkit/engines';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Session } from '../auth.ts';
import { createPokes } from '../pokes.ts';
import type { EventSink } from './event-sink.ts';
import { createLiveHub } from './live-hub.ts';

const START = Date.UTC(2026, 10, 20);

/** A clock whose ticks the test rings. */
function fakeClock() {
  let nowMs = START;
  let pending: (() => void) | null = null;
  return {
    nowMs: () => nowMs,
    after: (_ms: number, work: () => void) => {
      pending = work;
      return () => {
        pending = null;
      };
    },
    isIdle: () => pending === null,
    async pass(ms: number) {
      nowMs += ms;
      const work = pending;
      pending = null;
      work?.();
      // the tick asks the database: wait until it has set the next one, or will not
      for (let turn = 0; turn < 200 && pending === null; turn++) await new Promise((resolve) => setTimeout(resolve, 5));
    },
  };
}

class FakeSink implements EventSink {
  readonly events: LiveEvent[] = [];
  isOpen = true;
  #backlog = 0;
  #closing: (() => void)[] = [];

  send(event: LiveEvent): void {
    this.events.push(event);
  }

  backlog(): number {
    return this.#backlog;
  }

  stall(bytes: number): void {
    this.#backlog = bytes;
  }

  onClose(work: () => void): void {
    this.#closing.push(work);
  }

  end(): void {
    this.isOpen = false;
    for (const work of this.#closing.splice(0)) work();
  }
}

describe.each(engines)('the hub of event streams on $name', (engine) => {
  let db: Database;
  let space: string;
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

  beforeAll(async () => {
    db = await engine.open();
    await db.sql`insert into auth."user" (id, name, email) values ('ada', 'Ada', 'ada@example.org')`;
    space = await createPersonalSpace(db, 'ada');
  });
  afterAll(() => db.close());

  const openSession = async (id: string, leftMs: number): Promise<Session> => {
    const expiresAt = new Date(START + leftMs);
    await db.sql`
      insert into auth.session (id, "userId", token, "expiresAt") values (${id}, 'ada', ${id}, ${expiresAt})`;
    return { id, token: id, userId: 'ada', email: 'ada@example.org', name: 'Ada', expiresAt, setCookies: [] };
  };
  const setUp = () => {
    const clock = fakeClock();
    const pokes = createPokes();
    return { clock, pokes, hub: createLiveHub({ db, pokes, clock, log }) };
  };

  it('says a minute before the session ends that it does, once, and ends with it', async () => {
    const { clock, hub } = setUp();
    const sink = new FakeSink();
    hub.open(await openSession('short', 90_000), { [space]: 0 }, sink);
    const notices = () => sink.events.filter(({ event }) => event === 'auth');
    await clock.pass(4000);
    expect(notices()).toEqual([]);
    await clock.pass(40_000);
    expect(notices()).toEqual([{ event: 'auth', data: { expiresIn: 46 } }]);
    await clock.pass(4000);
    expect(notices()).toHaveLength(1);
    await clock.pass(60_000);
    expect(sink.isOpen).toBe(false);
    expect(hub.size).toBe(0);
    expect(clock.isIdle()).toBe(true);
  });

  it('a prolonged session goes on', async () => {
    const { clock, hub } = setUp();
    const sink = new FakeSink();
    hub.open(await openSession('prolonged', 30_000), { [space]: 0 }, sink);
    await db.sql`update auth.session set "expiresAt" = ${new Date(START + 600_000)} where id = 'prolonged'`;
    await clock.pass(40_000);
    expect(sink.isOpen).toBe(true);
    hub.close();
  });

  it('a poke that was lost is healed by the next heads', async () => {
    const { clock, hub } = setUp();
    const sink = new FakeSink();
    hub.open(await openSession('healed', 600_000), { [space]: 0 }, sink);
    await db.sql`update sync_heads set seq = 7 where space_id = ${space}`;
    await clock.pass(10_000);
    expect(sink.events).toHaveLength(1);
    await clock.pass(10_000);
    expect(sink.events.at(-1)).toEqual({ event: 'heads', data: { [space]: 7 } });
    hub.close();
    expect(sink.isOpen).toBe(false);
  });

  it('who does not read is cut off', async () => {
    const { pokes, hub } = setUp();
    const sink = new FakeSink();
    hub.open(await openSession('stalled', 600_000), { [space]: 0 }, sink);
    sink.stall(100_000);
    pokes.heads({ [space]: 8 });
    expect(sink.isOpen).toBe(false);
    expect(hub.size).toBe(0);
  });
});
