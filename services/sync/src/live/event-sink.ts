import type { LiveEvent } from '@manara/protocol/live';
import type { AppContext } from '../route.ts';

/** The writing end of one event stream. */
export interface EventSink {
  send(event: LiveEvent): void;
  /** Bytes that the other end has not taken yet. */
  backlog(): number;
  end(): unknown;
  /** Called once, when the stream has ended for whatever reason. */
  onClose(work: () => void): unknown;
}

const HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store',
  // A proxy that buffers holds every poke back.
  'x-accel-buffering': 'no',
};

const frame = ({ event, data }: LiveEvent): string => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;

/** Written past the framework: a stream costs 11-19 KB so, and 44 KB through a web stream. */
export function rawSink(
  outgoing: NonNullable<AppContext['env']['outgoing']>,
  headers: Record<string, string>,
): EventSink {
  outgoing.writeHead(200, { ...HEADERS, ...headers });
  outgoing.flushHeaders();
  return {
    send: (event) => {
      if (outgoing.writable) outgoing.write(frame(event));
    },
    backlog: () => outgoing.writableLength,
    // Who does not read would keep an ended stream open.
    end: () => (outgoing.writableLength > 0 ? outgoing.destroy() : outgoing.end()),
    onClose: (work) => outgoing.once('close', work),
  };
}

/** For requests that come from no socket. */
export function webSink(headers: Record<string, string>): { readonly sink: EventSink; readonly response: Response } {
  const encoder = new TextEncoder();
  const closing: (() => void)[] = [];
  let isOpen = true;
  const close = () => {
    if (!isOpen) return;
    isOpen = false;
    for (const work of closing) work();
  };
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const body = new ReadableStream<Uint8Array>({
    start: (opened) => {
      controller = opened;
    },
    cancel: close,
  });
  const sink: EventSink = {
    send: (event) => {
      if (isOpen) controller?.enqueue(encoder.encode(frame(event)));
    },
    backlog: () => 0,
    end: () => {
      if (isOpen) controller?.close();
      close();
    },
    onClose: (work) => closing.push(work),
  };
  return { sink, response: new Response(body, { headers: { ...HEADERS, ...headers } }) };
}
