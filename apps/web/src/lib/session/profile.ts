/** The account that this browser last worked with. Its data stays readable whether or not its session still holds. */
export interface Account {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  /** the personal space */
  readonly space: string;
}

/** Whose database a start of the app opens. Kept outside the databases, because it says which one to open. */
export interface Profile {
  /** null: the guest */
  readonly account: Account | null;
  /** the guest's records are still to be moved into the account's database: set before the move and cleared after it */
  readonly adopting: boolean;
}

export const PROFILE_KEY = 'manara.profile';
export const GUEST: Profile = { account: null, adopting: false };
export const GUEST_DATABASE = 'manara-guest';

/** The name of the database of a profile. Two accounts never share one. */
export const databaseName = (profile: Profile): string =>
  profile.account === null ? GUEST_DATABASE : `manara-${profile.account.id}`;

type Store = Pick<Storage, 'getItem' | 'setItem'>;

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

function readAccount(value: unknown): Account | null {
  if (typeof value !== 'object' || value === null) return null;
  const { id, email, name, space } = value as Record<string, unknown>;
  if (!isText(id) || !isText(email) || !isText(space) || typeof name !== 'string') return null;
  return { id, email, name, space };
}

/** The stored profile; anything unreadable is the guest, whose data is never the account's. */
export function readProfile(store: Store): Profile {
  try {
    const parsed = JSON.parse(store.getItem(PROFILE_KEY) ?? 'null') as { account?: unknown; adopting?: unknown } | null;
    const account = readAccount(parsed?.account);
    return account === null ? GUEST : { account, adopting: parsed?.adopting === true };
  } catch {
    return GUEST;
  }
}

export function writeProfile(store: Store, profile: Profile): void {
  store.setItem(PROFILE_KEY, JSON.stringify(profile));
}
