import { Duplex } from 'node:stream';
import type { EngineClient, Multiplexer } from './multiplexer.ts';
import { FRONTEND, HEADER_BYTES, parseMessage, queryMessage, REQUEST_CODE } from './wire-message.ts';

/** Messages after which the server is expected to do something: what came before them is sent as one batch. */
const ENDS_BATCH = new Set<number>([
  FRONTEND.sync,
  FRONTEND.flush,
  FRONTEND.query,
  FRONTEND.copyDone,
  FRONTEND.copyFail,
  FRONTEND.copyData,
]);

/** At the start of a Parse body stands the statement's name, at the start of a Query body its text. */
const COPY_FROM_STDIN = /^(?:[\w-]*\0)?\s*copy\s[\s\S]*\sfrom\s+stdin/i;
const REFUSE_COPY = `do $$ begin raise exception using errcode = '0A000',
  message = 'COPY FROM STDIN is not supported by the embedded database: insert through jsonb_to_recordset'; end $$`;

/** What postgres.js takes for a socket: it cuts the byte stream into wire messages and hands them to the multiplexer. */
export class EngineSocket extends Duplex implements EngineClient {
  readonly #multiplexer: Multiplexer;
  #received: Buffer = Buffer.alloc(0);
  #batch: Buffer[] = [];
  #started = false;
  /** Read by postgres.js when it closes a connection. */
  readyState: 'open' | 'closed' = 'open';

  constructor(multiplexer: Multiplexer) {
    super({ allowHalfOpen: false });
    this.#multiplexer = multiplexer;
    multiplexer.add(this);
  }

  // postgres.js calls these on a real socket.
  setKeepAlive(): this {
    return this;
  }
  setNoDelay(): this {
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }

  deliver(bytes: Buffer): void {
    if (!this.destroyed) this.push(bytes);
  }

  fail(error: Error): void {
    this.destroy(error);
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#received = this.#received.length > 0 ? Buffer.concat([this.#received, chunk]) : chunk;
    while (!this.destroyed && (this.#started ? this.#takeMessage() : this.#takeStartup()));
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.readyState = 'closed';
    this.#multiplexer.remove(this);
    done(error);
  }

  /** The first packet has no kind byte. Returns whether something was consumed. */
  #takeStartup(): boolean {
    if (this.#received.length < 8) return false;
    const length = this.#received.readUInt32BE(0);
    if (this.#received.length < length) return false;
    const code = this.#received.readUInt32BE(4);
    const packet = this.#take(length);
    if (code === REQUEST_CODE.ssl) {
      this.push(Buffer.from('N'));
    } else if (code === REQUEST_CODE.cancel) {
      this.end(); // One session and no second backend: there is nobody to signal.
    } else {
      this.#started = true;
      this.#multiplexer.send(this, packet);
    }
    return true;
  }

  #takeMessage(): boolean {
    if (this.#received.length < HEADER_BYTES) return false;
    const length = 1 + this.#received.readUInt32BE(1);
    if (this.#received.length < length) return false;
    const message = this.#take(length);
    const kind = message[0] as number;
    if (kind === FRONTEND.terminate) {
      this.destroy();
      return false;
    }
    this.#batch.push(refuseCopy(kind, message));
    if (ENDS_BATCH.has(kind)) {
      this.#multiplexer.send(this, this.#batch.length === 1 ? (this.#batch[0] as Buffer) : Buffer.concat(this.#batch));
      this.#batch = [];
    }
    return true;
  }

  #take(length: number): Buffer {
    const taken = this.#received.subarray(0, length);
    this.#received = this.#received.subarray(length);
    return taken;
  }
}

/** COPY FROM STDIN wedges the engine for good (it cannot resume between calls): an error takes its place. */
function refuseCopy(kind: number, message: Buffer): Buffer {
  if (kind !== FRONTEND.query && kind !== FRONTEND.parse) return message;
  if (!COPY_FROM_STDIN.test(message.toString('latin1', HEADER_BYTES, Math.min(message.length, 2000)))) return message;
  if (kind === FRONTEND.query) return queryMessage(REFUSE_COPY);
  return parseMessage(message.toString('latin1', HEADER_BYTES, message.indexOf(0, HEADER_BYTES)), REFUSE_COPY);
}
