import { tableByName } from '@manara/modules/registry';
import type { RowReader } from '@manara/sync-core/reader';
import type { Write } from '@manara/sync-core/write';
import { DRAFT_PREFIX, readLeft } from '@manara/ui/draft/draft.svelte.ts';

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
    const left = readLeft(store.getItem(key));
    const table = tableByName.get(tableName);
    const row = table === undefined ? undefined : await reader.get(table, id);
    const known = row as (Record<string, unknown> & { deleted: boolean }) | undefined;
    if (left !== null && known !== undefined && !known.deleted && known[field] !== left.text) {
      const rescue: Write = { table: tableName, id, set: { [field]: left.text }, basis: { [field]: left.basis } };
      if (!(await write([rescue]))) continue;
      rescued += 1;
    }
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
