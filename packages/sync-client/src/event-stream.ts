import type { LiveEvent } from '@manara/protocol/live';
import { LIVE_EVENTS } from '@manara/protocol/live';

/** The most text held for one event: a line that never ends must not fill the memory. */
const EVENT_CHARS_MAX = 1_000_000;

/**
 * Reads `text/event-stream` piece by piece, wherever it was cut. Takes LF, CRLF and CR; comments, unknown events and
 * broken data are passed over.
 */
export class EventStreamReader {
  readonly #emit: (event: LiveEvent) => void;
  #rest = '';
  #event = '';
  #data: string[] = [];

  constructor(emit: (event: LiveEvent) => void) {
    this.#emit = emit;
  }

  push(text: string): void {
    this.#rest += text;
    // a CR at the very end may be the first half of CRLF
    const lines = this.#rest.split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#line(line);
    if (this.#rest.length > EVENT_CHARS_MAX) this.#rest = '';
  }

  #line(line: string): void {
    if (line === '') {
      this.#dispatch();
      return;
    }
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') this.#event = value;
    if (field === 'data') this.#data.push(value);
  }

  #dispatch(): void {
    const [event, data] = [this.#event, this.#data.join('\n')];
    this.#event = '';
    this.#data = [];
    if (data === '' || !(LIVE_EVENTS as readonly string[]).includes(event)) return;
    try {
      const parsed: unknown = JSON.parse(data);
      if (typeof parsed === 'object' && parsed !== null) this.#emit({ event, data: parsed } as LiveEvent);
    } catch {
      // a poke carries nothing that the next one does not
    }
  }
}
