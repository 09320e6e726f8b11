import { asksForReady, queryMessage, readReply } from './wire-message.ts';

/** One Postgres session that takes a batch of wire messages and gives back all the bytes it answers. */
export type Engine = {
  exec(batch: Uint8Array): Promise<Uint8Array>;
  /** The whole data folder as a tar file. Only while nothing else is asked. */
  snapshot(): Promise<Uint8Array>;
  close(): Promise<void>;
};

/** The multiplexer's side of one connection. */
export type EngineClient = {
  deliver(bytes: Buffer): void;
  fail(error: Error): void;
};

/** A transaction whose owner says nothing for this long while others wait is ended: it would hold everyone for ever. */
export const OWNER_SILENCE_MAX_MS = 10_000;

type Job = { client: EngineClient; batch: Buffer };

/**
 * Shares one engine session between many connections. The engine belongs to one client from its first message until
 * ReadyForQuery says idle, so transactions never interleave: everyone else queues. (Handing over per message, as
 * PGlite's own socket server does, mixes unnamed statements of different clients.)
 */
export class Multiplexer {
  readonly #engine: Engine;
  readonly #silenceMaxMs: number;
  readonly #clients = new Set<EngineClient>();
  #jobs: Job[] = [];
  #owner: EngineClient | null = null;
  #pumping = false;
  #silence: NodeJS.Timeout | undefined;
  /** Bytes sent to the engine since the start: a measure of how much was done, for the vacuum schedule. */
  bytesSent = 0;

  constructor(engine: Engine, silenceMaxMs: number = OWNER_SILENCE_MAX_MS) {
    this.#engine = engine;
    this.#silenceMaxMs = silenceMaxMs;
  }

  /** True when no client holds or waits for the engine. */
  get idle(): boolean {
    return this.#owner === null && this.#jobs.length === 0 && !this.#pumping;
  }

  add(client: EngineClient): void {
    this.#clients.add(client);
  }

  /** Queues a batch of a client; the answer arrives by `deliver`. */
  send(client: EngineClient, batch: Buffer): void {
    this.#jobs.push({ client, batch });
    this.#wake();
  }

  /** Forgets a client. A transaction that it leaves open is rolled back. */
  remove(client: EngineClient): void {
    if (!this.#clients.delete(client)) return;
    this.#jobs = this.#jobs.filter((job) => job.client !== client);
    if (this.#owner !== client) return;
    this.#jobs.unshift({ client, batch: queryMessage('rollback') });
    this.#wake();
  }

  #wake(): void {
    if (!this.#pumping) void this.#pump();
  }

  async #pump(): Promise<void> {
    this.#pumping = true;
    clearTimeout(this.#silence);
    for (let job = this.#next(); job; job = this.#next()) await this.#run(job);
    this.#pumping = false;
    if (this.#owner) this.#watchSilence(this.#owner);
  }

  /** The owner's next batch, or with no owner the oldest batch. */
  #next(): Job | undefined {
    const index = this.#owner ? this.#jobs.findIndex((job) => job.client === this.#owner) : 0;
    return index < 0 ? undefined : this.#jobs.splice(index, 1)[0];
  }

  async #run({ client, batch }: Job): Promise<void> {
    this.#owner = client;
    this.bytesSent += batch.length;
    let answer: Uint8Array;
    try {
      answer = await this.#engine.exec(batch);
    } catch (error) {
      this.#owner = null;
      client.fail(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    const reply = readReply(Buffer.from(answer.buffer, answer.byteOffset, answer.byteLength));
    if (reply.status === null && asksForReady(batch)) {
      // Never hand silence on as an empty result: an engine out of stack answers with nothing at all.
      this.#owner = null;
      client.fail(new Error('The embedded database gave no answer: restart the process.'));
      return;
    }
    if (reply.status === 'I') this.#owner = null;
    client.deliver(reply.own);
    if (reply.notifications.length > 0) for (const each of this.#clients) each.deliver(reply.notifications);
  }

  #watchSilence(owner: EngineClient): void {
    this.#silence = setTimeout(() => {
      if (this.#owner !== owner || this.#pumping) return;
      if (this.#jobs.length === 0) return this.#watchSilence(owner);
      const seconds = this.#silenceMaxMs / 1000;
      owner.fail(new Error(`A transaction on the embedded database was silent for ${seconds} s while others waited.`));
    }, this.#silenceMaxMs);
    this.#silence.unref();
  }
}
