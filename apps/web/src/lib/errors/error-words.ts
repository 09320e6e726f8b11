/** An error as the app says it: what failed, what is safe, what to do. */
export interface ErrorWords {
  readonly title: string;
  readonly safe: string;
  readonly todo: string;
}

const KEPT = 'Everything is saved on this device.';

/** Codes of `protocol`, of the auth library, and this app's own `offline`. The one place where a code becomes words. */
const WORDS: Readonly<Record<string, ErrorWords>> = {
  offline: { title: 'No answer from the server', safe: KEPT, todo: 'Check the connection; sync goes on by itself.' },
  unauthenticated: {
    title: 'Sign in again',
    safe: KEPT,
    todo: 'The server ended this session. Sign in, and sync goes on.',
  },
  forbidden_origin: {
    title: 'The server does not know this address',
    safe: KEPT,
    todo: 'Open the app at the address that the server was set up for (MANARA_PUBLIC_URL).',
  },
  upgrade_required: {
    title: 'This app and the server differ in version',
    safe: KEPT,
    todo: 'Load the app again to get the version that fits.',
  },
  rate_limited: { title: 'Too many tries', safe: KEPT, todo: 'Wait a minute and try again.' },
  unavailable: { title: 'The server is starting or busy', safe: KEPT, todo: 'Sync tries again by itself.' },
  internal: {
    title: 'The server failed',
    safe: KEPT,
    todo: 'Sync tries again by itself. If it lasts, look at the log of the server.',
  },
  space_removed: {
    title: 'The server says that this data is not yours any more',
    safe: 'The copy on this device stays.',
    todo: 'Sign in with the account that it belongs to, or export it in Settings.',
  },
  quota_exceeded: {
    title: 'The storage of this browser is full',
    safe: 'What was saved before is safe; the last change was not saved.',
    todo: 'Make room on this device, then make the change again.',
  },
  INVALID_EMAIL_OR_PASSWORD: { title: 'E-mail or password is wrong', safe: '', todo: 'Check both and try again.' },
  INVALID_EMAIL: { title: 'This is not an e-mail address', safe: '', todo: 'Write it as name@example.com.' },
  USER_ALREADY_EXISTS: { title: 'This e-mail has an account', safe: '', todo: 'Sign in with it instead.' },
  USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL: {
    title: 'This e-mail has an account',
    safe: '',
    todo: 'Sign in with it instead.',
  },
  PASSWORD_TOO_SHORT: { title: 'The password is too short', safe: '', todo: 'Use 8 characters or more.' },
  PASSWORD_TOO_LONG: { title: 'The password is too long', safe: '', todo: 'Use at most 128 characters.' },
  SIGN_UP_CLOSED: {
    title: 'This server takes no new accounts',
    safe: KEPT,
    todo: 'Ask the person who runs it, or go on without an account.',
  },
};

const UNKNOWN: ErrorWords = { title: 'This did not work', safe: KEPT, todo: 'Try again in a moment.' };

/** The words for a code; one that is not known is never shown as it is. */
export const errorWords = (code: string): ErrorWords => WORDS[code] ?? UNKNOWN;

/** Why the server refused one change, for the sync panel. */
const REFUSALS: Readonly<Record<string, string>> = {
  field_too_large: 'It is too long for the server.',
  invalid_string: 'It holds characters that cannot be stored.',
  invalid_value: 'The server does not take this value.',
  unsafe_number: 'It holds a number that is too large.',
  immutable: 'It was already decided elsewhere and cannot change.',
  taken: 'Another device did it first.',
  forbidden_space: 'It belongs to another account.',
  forbidden_field: 'Only the server may set this.',
  unknown_table: 'The server is older than this app and does not know this kind of record.',
  unknown_field: 'The server is older than this app and does not know this field.',
  below_horizon: 'It was deleted everywhere a long time ago.',
  group_refused: 'It belongs to a change of which another part was refused.',
};

export const refusalWords = (code: string): string => REFUSALS[code] ?? 'The server could not read it.';

/** One line: title and what to do. */
export function errorLine(code: string): string {
  const { title, safe, todo } = errorWords(code);
  return [`${title}.`, safe, todo].filter(Boolean).join(' ');
}
