import type { Result } from '@manara/kernel/result';
import type { ModelAnswer, ModelMessage } from './ask-model.ts';
import type { PatientModel } from './ask-with-retries.ts';

/** A model's answer as the parser read it, or why there is none, with what was sent and what it cost either way. */
export type Reply<T> = {
  readonly sent: readonly ModelMessage[];
  readonly usage: Usage;
  readonly parseFailures: number;
} & (
  | { readonly ok: true; readonly value: T; readonly log: readonly string[] }
  | { readonly ok: false; readonly reason: string }
);

interface Usage {
  readonly in: number;
  readonly out: number;
  readonly costMicros: number;
}

/** Answers that cannot be read are asked for once more: twice the same mistake is the model's way. */
const ASKS_MAX = 2;
/** How much of an unreadable answer is sent back with the request to mend it. */
const ECHO_CHARS_MAX = 4000;

/** Asks the model and parses its answer; shows it what was wrong with one that cannot be read, once. */
export async function askForReply<T>(
  model: PatientModel,
  prompt: readonly ModelMessage[],
  parse: (text: string) => Result<T, string>,
  signal: AbortSignal,
): Promise<Reply<T>> {
  let sent = prompt;
  let usage: Usage = { in: 0, out: 0, costMicros: 0 };
  const log: string[] = [];
  for (let asks = 1; ; asks++) {
    const answer = await model.ask(sent, signal);
    if (!answer.ok) return { ok: false, reason: answer.error.message, sent, usage, parseFailures: asks - 1 };
    usage = { ...usage, in: usage.in + answer.value.usage.in, out: usage.out + answer.value.usage.out };
    const text = textOf(answer.value);
    const parsed = parse(text);
    if (parsed.ok) return { ok: true, value: parsed.value, log, sent, usage, parseFailures: asks - 1 };
    const reason = `The model's answer could not be read: ${parsed.error}.`;
    if (asks >= ASKS_MAX) return { ok: false, reason, sent, usage, parseFailures: asks };
    log.push(`${reason} It was asked again.`);
    sent = [
      ...prompt,
      { role: 'assistant', content: text.slice(0, ECHO_CHARS_MAX) },
      {
        role: 'user',
        content: `That answer could not be read: ${parsed.error}. Answer again with the JSON object alone.`,
      },
    ];
  }
}

/** More calls than any plan has steps; the parser says that it dropped some. */
const CALLS_MAX = 500;

/** Tools are described in the prompt and not offered as functions; a model that calls functions all the same is understood. */
function textOf(answer: ModelAnswer): string {
  if (answer.toolCalls.length === 0) return answer.text;
  // Arguments stay text: each is read, or mended, by itself.
  const steps = answer.toolCalls.slice(0, CALLS_MAX).map((call) => ({ tool: call.name, args: call.arguments }));
  return JSON.stringify({ summary: answer.text, answer: answer.text, steps });
}
