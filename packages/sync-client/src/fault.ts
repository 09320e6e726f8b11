import type { TransportReply } from './ports.ts';

/** Why a step could not be done now. Nothing is lost by any of them. */
export type SyncFault =
  /** no answer */
  | { readonly kind: 'offline' }
  /** an answer that says: later */
  | { readonly kind: 'busy'; readonly code: string; readonly message: string; readonly retryAfterMs: number | null }
  | { readonly kind: 'signedOut' }
  | { readonly kind: 'upgrade' }
  /** the session's account may not read the space: another one signed in, or its right was taken */
  | { readonly kind: 'removed' }
  /** this tab stopped */
  | { readonly kind: 'stopped' }
  /** an error that has a remedy of its own: the caller looks at the code */
  | { readonly kind: 'refused'; readonly code: string; readonly message: string; readonly expected: number | null };

/** Codes that mean the same request may succeed later. */
const LATER = new Set(['timeout', 'rate_limited', 'internal', 'unavailable']);

export function faultOf(reply: Exclude<TransportReply, { ok: true }>): SyncFault {
  if (reply.kind === 'network') return { kind: 'offline' };
  const { code, message } = reply;
  if (code === 'unauthenticated' || reply.status === 401) return { kind: 'signedOut' };
  if (code === 'upgrade_required' || reply.status === 426) return { kind: 'upgrade' };
  // 502 and the like are a proxy's words for a server that is away
  if (LATER.has(code) || reply.status >= 500) return { kind: 'busy', code, message, retryAfterMs: reply.retryAfterMs };
  const expected = reply.details.expected;
  return { kind: 'refused', code, message, expected: typeof expected === 'number' ? expected : null };
}

/** An answer of 2xx that does not say what it must: a proxy's page, say. Tried again later. */
export const MALFORMED: SyncFault = {
  kind: 'busy',
  code: 'internal',
  message: 'the answer is not one of this protocol',
  retryAfterMs: null,
};
