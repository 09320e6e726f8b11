import type { LiveEvent } from '@manara/protocol/live';
import type { Transport, TransportReply, TransportRequest } from '@manara/sync-client/ports';
import type { Chance } from './chance.ts';
import type { Faults } from './faults.ts';
import type { Session } from './memory-database.ts';
import type { Scheduler } from './scheduler.ts';
import type { SimServer } from './sim-server.ts';

const NO_NETWORK: TransportReply = { ok: false, kind: 'network' };
/** How often the server repeats its heads. */
const HEADS_MS = 20_000;

interface Line {
  tell(event: LiveEvent): void;
  cut(): void;
}

export interface NetworkDeps {
  readonly server: SimServer;
  readonly scheduler: Scheduler;
  readonly chance: Chance;
  readonly faults: Faults;
  /** the server's wall clock, ms since 1970 */
  readonly serverMs: () => number;
  readonly trace: (who: string, what: string) => void;
  readonly count: (what: string) => void;
}

/** The way between devices and server, with everything that may happen on it. */
export class SimNetwork {
  readonly #deps: NetworkDeps;
  readonly #lines = new Set<Line>();
  readonly #polls = new Set<() => void>();
  readonly #cutOff = new Map<string, 'both' | 'replies'>();
  #sound = false;
  #down = false;
  #boots = 0;
  #toldHead = 0;

  constructor(deps: NetworkDeps) {
    this.#deps = deps;
  }

  /** From now on everything arrives, once and soon. */
  heal(): void {
    this.#sound = true;
    this.#down = false;
    this.#cutOff.clear();
  }
  /** `replies`: requests arrive, answers do not. */
  partition(device: string, kind: 'both' | 'replies' | null): void {
    if (kind === null) this.#cutOff.delete(device);
    else this.#cutOff.set(device, kind);
  }
  /** The server dies with every connection; what it had committed stays. */
  serverDown(down: boolean): void {
    this.#down = down;
    if (!down) return;
    this.#boots++;
    for (const line of [...this.#lines]) line.cut();
    for (const poll of [...this.#polls]) poll();
  }

  /** Tells everyone of new heads, as the server does after each commit. */
  poke(): void {
    const { server } = this.#deps;
    if (server.head === this.#toldHead) return;
    this.#toldHead = server.head;
    for (const line of this.#lines) line.tell({ event: 'heads', data: { [server.space]: server.head } });
    for (const poll of [...this.#polls]) poll();
  }

  connect(device: string, session: Session): Transport {
    return {
      send: (request) => this.#send(device, session, request),
      live: (listener, signal) => this.#live(device, session, listener, signal),
    };
  }

  #latency(): number {
    const { chance, faults } = this.#deps;
    if (this.#sound) return chance.between(1, 20);
    return faults.late > 0 && chance.odds(faults.late)
      ? chance.between(5_000, 40_000)
      : chance.between(1, faults.latencyMs);
  }

  #odds(probability: number, what: string): boolean {
    const happens = !this.#sound && probability > 0 && this.#deps.chance.odds(probability);
    if (happens) this.#deps.count(what);
    return happens;
  }

  #send(device: string, session: Session, request: TransportRequest): Promise<TransportReply> {
    const { scheduler, chance, faults, trace } = this.#deps;
    return new Promise((resolve) => {
      let open = true;
      const answer = (reply: TransportReply): void => {
        if (!open) return;
        open = false;
        cancel();
        if (session.alive) resolve(reply);
      };
      const cancel = scheduler.after(request.timeoutMs, () => answer(NO_NETWORK));
      if (request.signal.aborted) return answer(NO_NETWORK);
      request.signal.addEventListener('abort', () => answer(NO_NETWORK), { once: true });
      // as text: what is on its way is not changed by whoever holds it
      const text = JSON.stringify(request.body ?? {});
      trace(device, `${request.path} ${text.length}`);
      const lost = this.#cutOff.get(device) === 'both' || this.#odds(faults.lostRequests, 'lost request');
      if (lost) {
        // refused at once, or silent until the patience is over
        if (chance.odds(0.7)) scheduler.after(this.#latency(), () => answer(NO_NETWORK));
        return;
      }
      scheduler.after(this.#latency(), () => this.#arrive(device, request.path, text, () => open, answer));
      if (this.#odds(faults.duplicates, 'duplicate')) {
        scheduler.after(this.#latency() + chance.between(0, 10_000), () =>
          this.#arrive(
            device,
            request.path,
            text,
            () => false,
            () => undefined,
          ),
        );
      }
    });
  }

  async #arrive(
    device: string,
    path: string,
    text: string,
    isOpen: () => boolean,
    answer: (reply: TransportReply) => void,
  ): Promise<void> {
    if (this.#down) return answer(NO_NETWORK);
    const body = JSON.parse(text) as Record<string, unknown>;
    if (path === '/v1/sync/pull') {
      body.limit = Math.min(Number(body.limit), this.#deps.faults.pageRecords);
      const cursor = Number((body.cursors as Record<string, number>)[this.#deps.server.space] ?? 0);
      if (typeof body.wait === 'number' && cursor >= this.#deps.server.head) {
        return this.#hold(body.wait * 1000, isOpen, () => this.#carryOut(device, path, body, answer));
      }
    }
    await this.#carryOut(device, path, body, answer);
  }

  /** A long poll: until there is news, time is up or the server dies. */
  #hold(waitMs: number, isOpen: () => boolean, then: () => Promise<void>): void {
    const { scheduler } = this.#deps;
    const boots = this.#boots;
    const end = (): void => {
      if (!this.#polls.delete(end)) return;
      cancel();
      // in an event of its own: whoever pokes is in the midst of something else
      scheduler.after(0, () => (isOpen() && boots === this.#boots ? then() : undefined));
    };
    const cancel = scheduler.after(waitMs, end);
    this.#polls.add(end);
  }

  async #carryOut(
    device: string,
    path: string,
    body: Record<string, unknown>,
    answer: (reply: TransportReply) => void,
  ): Promise<void> {
    const { server, scheduler, faults, chance, trace, serverMs } = this.#deps;
    const boots = this.#boots;
    const reply = await server.handle(path, body, serverMs());
    trace('server', `${device} ${path} ${reply.ok ? 'ok' : reply.kind === 'status' ? reply.code : ''} ${server.head}`);
    this.poke();
    const lost = this.#cutOff.has(device) || this.#odds(faults.lostReplies, 'lost reply');
    if (lost) {
      if (path === '/v1/sync/push') this.#deps.count('push applied, answer lost');
      if (chance.odds(0.7)) scheduler.after(this.#latency(), () => answer(NO_NETWORK));
      return;
    }
    const text = JSON.stringify(reply);
    scheduler.after(this.#latency(), () =>
      answer(boots === this.#boots ? (JSON.parse(text) as TransportReply) : NO_NETWORK),
    );
  }

  #live(
    device: string,
    session: Session,
    listener: { open(): void; event(event: LiveEvent): void },
    signal: AbortSignal,
  ): Promise<void> {
    const { scheduler, chance, faults, server } = this.#deps;
    const works = (): boolean =>
      session.alive && !signal.aborted && !this.#down && (this.#sound || (faults.live && !this.#cutOff.has(device)));
    return new Promise((resolve) => {
      const line: Line = {
        tell: (event) => {
          if (this.#odds(faults.lostPokes, 'lost poke')) return;
          scheduler.after(this.#latency(), () => {
            if (this.#lines.has(line) && works()) listener.event(event);
          });
        },
        cut: () => {
          this.#lines.delete(line);
          if (session.alive) resolve();
        },
      };
      signal.addEventListener('abort', line.cut, { once: true });
      const repeat = (): void => {
        if (!this.#lines.has(line)) return;
        if (works()) {
          line.tell({ event: 'heads', data: { [server.space]: server.head } });
          scheduler.after(HEADS_MS, repeat);
        } else line.cut();
      };
      scheduler.after(this.#latency(), () => {
        if (!works()) return line.cut();
        this.#lines.add(line);
        listener.open();
        repeat();
        if (!this.#sound && chance.odds(0.3)) scheduler.after(chance.between(1_000, 40_000), line.cut);
      });
    });
  }
}
