/** The few frames of the Postgres wire protocol (version 3) that the multiplexer has to tell apart. */
export const FRONTEND = {
  bind: 0x42,
  close: 0x43,
  copyData: 0x64,
  copyDone: 0x63,
  copyFail: 0x66,
  flush: 0x48,
  parse: 0x50,
  query: 0x51,
  sync: 0x53,
  terminate: 0x58,
} as const;

export const BACKEND = { notification: 0x41, readyForQuery: 0x5a } as const;

/** Codes that stand where a start-up packet has its protocol version. */
export const REQUEST_CODE = { cancel: 80877102, ssl: 80877103 } as const;

/** Kind byte and length word. */
export const HEADER_BYTES = 5;

/** A simple-query message. */
export function queryMessage(text: string): Buffer {
  return message(FRONTEND.query, Buffer.from(`${text}\0`));
}

/** A Parse message for the named (or, with '', the unnamed) statement, with no parameter types given. */
export function parseMessage(statementName: string, text: string): Buffer {
  return message(FRONTEND.parse, Buffer.concat([Buffer.from(`${statementName}\0${text}\0`), Buffer.from([0, 0])]));
}

function message(kind: number, body: Buffer): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header[0] = kind;
  header.writeUInt32BE(4 + body.length, 1);
  return Buffer.concat([header, body]);
}

/** True when the engine must answer this batch with ReadyForQuery. */
export function asksForReady(batch: Buffer): boolean {
  if (batch[0] === FRONTEND.query) return true;
  const endsWithSync =
    batch.length >= HEADER_BYTES &&
    batch[batch.length - HEADER_BYTES] === FRONTEND.sync &&
    batch.readUInt32BE(batch.length - 4) === 4;
  return endsWithSync;
}

export type Reply = {
  /** Everything but notifications, in order. */
  own: Buffer;
  /** NotificationResponse messages: they belong to every client of the one session. */
  notifications: Buffer;
  /** Transaction status of a ReadyForQuery that ends the reply ('I' idle, 'T' in a transaction, 'E' failed), or null. */
  status: string | null;
};

/** Splits what the engine sent back. */
export function readReply(bytes: Buffer): Reply {
  const own: Buffer[] = [];
  const notifications: Buffer[] = [];
  let status: string | null = null;
  let ownFrom = 0;
  let at = 0;
  while (at + HEADER_BYTES <= bytes.length) {
    const end = at + 1 + bytes.readUInt32BE(at + 1);
    if (bytes[at] === BACKEND.notification) {
      own.push(bytes.subarray(ownFrom, at));
      notifications.push(bytes.subarray(at, end));
      ownFrom = end;
    } else {
      status = bytes[at] === BACKEND.readyForQuery ? String.fromCharCode(bytes[at + HEADER_BYTES] ?? 0) : null;
    }
    at = end;
  }
  own.push(bytes.subarray(ownFrom));
  return {
    own: own.length === 1 ? (own[0] as Buffer) : Buffer.concat(own),
    notifications: Buffer.concat(notifications),
    status,
  };
}
