import { tableByName } from '@manara/modules/registry';
import type { RowReader } from '@manara/sync-core/reader';
import type { Write } from '@manara/sync-core/write';
import { DRAFT_PREFIX } from '@manara/ui/draft/draft.svelte.ts';

type Store = Pick<Storage, 'getItem' | 'removeItem' | 'key' | 'length'>;

/**
 * Writes texts that a closing tab could not save any more (see Draft in @manara/ui). A text that the record holds already,
 * or whose record is gone, is let go; one that is refused stays for the next start.
 */
export async function rescueDrafts(
  store: Store,
  clientId: string,
  reader: RowReader,
  write: (writes: readonly Write[]) => Promise<boolean>,
): Promise<number> {
  let rescued = 0;
  for (const key of draftKeys(store, clientId)) {
    const [tableName = '', id = '', field = ''] = key.slice(prefixOf(clientId).length).split('|');
    const text = store.getItem(key);
    const table = tableByName.get(tableName);
    const row = table === undefined ? undefined : await reader.get(table, id);
    const known = row as (Record<string, unknown> & { deleted: boolean }) | undefined;
    const lost = text !== null && known !== undefined && !known.deleted && known[field] !== text;
    if (lost && !(await write([{ table: tableName, id, set: { [field]: text } }]))) continue;
    if (lost) rescued += 1;
    store.removeItem(key);
  }
  return rescued;
}

/** Lets go of all texts that were left behind: their account's data is to be removed from this browser. */
export function forgetDrafts(store: Store, clientId: string): void {
  for (const key of draftKeys(store, clientId)) store.removeItem(key);
}

const prefixOf = (clientId: string): string => `${DRAFT_PREFIX}${clientId}|`;

const draftKeys = (store: Store, clientId: string): readonly string[] =>
  Array.from({ length: store.length }, (_, at) => store.key(at) ?? '').filter((key) =>
    key.startsWith(prefixOf(clientId)),
  );
