import type { IncomingMessage } from 'node:http';
import { BODY_BYTES_MAX, NESTING_MAX } from '@manara/protocol/limits';
import type { Context } from 'hono';
import { HttpError } from './http-error.ts';
import { isJson } from './is-json.ts';
import { scanJson } from './scan-json.ts';
import type { SyncClock } from './seams.ts';

/** A body that takes longer is 408; the whole request is bounded by the server besides. */
const BODY_MS_MAX = 20_000;
/**
 * More members in one object, or in one array down to the ops, than any message holds that fits its limits. Of an array
 * within an op only the op's verdict tells: one bad op never blocks the rest.
 */
const MEMBERS_MAX = 40_000;

/** The parsed JSON body: media type, size, JSON and depth are checked in this order. */
export async function readJson(c: Context, clock: SyncClock): Promise<unknown> {
  requireJson(c.req.raw.headers);
  return parseBody(await readBody(c, clock));
}

export function requireJson(headers: Headers): void {
  const [type = '', ...parameters] = (headers.get('content-type') ?? '').toLowerCase().split(';');
  const charset = parameters.map((parameter) => parameter.trim()).find((parameter) => parameter.startsWith('charset='));
  const isUtf8 = charset === undefined || /^charset="?utf-?8"?$/.test(charset);
  if (type.trim() !== 'application/json' || !isUtf8) {
    throw new HttpError('unsupported_media_type', 'Send JSON as application/json.');
  }
  const encoding = headers.get('content-encoding')?.trim().toLowerCase();
  if (encoding !== undefined && encoding !== '' && encoding !== 'identity') {
    throw new HttpError('unsupported_media_type', 'Send the body without compression.');
  }
}

export function parseBody(bytes: Uint8Array): unknown {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new HttpError('bad_json', 'The body is not UTF-8.');
  }
  const scan = scanJson(text);
  const isTooMuch = scan.depth > NESTING_MAX || scan.widest > MEMBERS_MAX || scan.longest > MEMBERS_MAX;
  if (isTooMuch && scan.balanced && isJson(text)) {
    if (scan.depth > NESTING_MAX) throw new HttpError('too_deep', `The body nests deeper than ${NESTING_MAX} levels.`);
    // As a batch of too many ops, for the list is one.
    if (scan.longest > MEMBERS_MAX) throw new HttpError('too_large', 'The body has a list with too many members.');
    throw new HttpError('invalid_request', 'The body has an object with too many members.');
  }
  if (!isTooMuch) {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      // told below
    }
  }
  throw new HttpError('bad_json', 'The body is not JSON.');
}

const tooLarge = () => new HttpError('too_large', `The body is larger than ${BODY_BYTES_MAX} bytes.`);

/** At most {@link BODY_BYTES_MAX} bytes: what a length announces is refused unread, what comes in chunks when it is over. */
export async function readBody(c: Context, clock: SyncClock): Promise<Uint8Array<ArrayBuffer>> {
  const announced = c.req.header('content-length');
  if (announced !== undefined && Number(announced) > BODY_BYTES_MAX) throw tooLarge();
  const incoming = (c.env as { incoming?: IncomingMessage } | undefined)?.incoming;
  if (incoming !== undefined) return readIncoming(incoming, clock);
  const bytes = new Uint8Array(await c.req.raw.arrayBuffer());
  if (bytes.length > BODY_BYTES_MAX) throw tooLarge();
  return bytes;
}

/** From the socket: the web stream around it costs as much as all else of a small request. */
function readIncoming(incoming: IncomingMessage, clock: SyncClock): Promise<Uint8Array<ArrayBuffer>> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array<ArrayBuffer>>();
  const chunks: Buffer[] = [];
  let size = 0;
  const stop = clock.after(BODY_MS_MAX, () => {
    reject(new HttpError('timeout', 'The body took too long to arrive.', { headers: { connection: 'close' } }));
  });
  const onData = (chunk: Buffer) => {
    size += chunk.length;
    if (size > BODY_BYTES_MAX) reject(tooLarge());
    else chunks.push(chunk);
  };
  const onEnd = () => resolve(Uint8Array.from(Buffer.concat(chunks)));
  const onGone = () => reject(new HttpError('timeout', 'The connection ended before the body.'));
  incoming.on('data', onData);
  incoming.on('end', onEnd);
  incoming.on('error', onGone);
  incoming.on('close', onGone);
  if (incoming.readableEnded) onEnd();
  else if (incoming.destroyed) onGone();
  return promise.finally(() => {
    stop();
    incoming.off('data', onData);
    incoming.off('end', onEnd);
    incoming.off('error', onGone);
    incoming.off('close', onGone);
    incoming.on('error', () => {});
  });
}
