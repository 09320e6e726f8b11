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
  const prefix = `${DRAFT_PREFIX}${clientId}|`;
  const keys = Array.from({ length: store.length }, (_, at) => store.key(at) ?? '').filter((key) =>
    key.startsWith(prefix),
  );
  let rescued = 0;
  for (const key of keys) {
    const [tableName = '', id = '', field = ''] = key.slice(prefix.length).split('|');
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
