import { isJsonObject, type JsonValue } from '@manara/kernel/json';
import type { Database } from './client.ts';

const CHANNEL = 'manara_news';
/** Postgres takes less than 8000 bytes. What does not fit is learnt from the heads that are told every 20 s. */
const PAYLOAD_BYTES_MAX = 7900;
/** While the database does not answer; what is told beyond is not. */
const WAITING_MAX = 1000;

/** Word between the processes that share a database: that spaces have news, and how a run gets on. */
export type News =
  | { readonly heads: Readonly<Record<string, number>> }
  | { readonly space: string; readonly run: JsonValue };

export interface NewsLine {
  /** Tells the other processes. Never throws and is not waited for: news may be lost, the next heads heal it. */
  tell(news: News): void;
}

/**
 * Joins the line: `hear` is told what other processes tell, never its own words. The embedded database has one process
 * and nobody to tell. The listening connection is opened again by itself when it breaks.
 * @param self tells processes apart
 */
export async function joinNews(
  db: Database,
  self: string,
  hear: (news: News) => void,
  onError: (error: unknown) => void,
): Promise<NewsLine> {
  if (db.kind === 'embedded') return { tell: () => undefined };
  await db.sql.listen(CHANNEL, (payload) => {
    const news = readNews(payload, self);
    if (news !== null) hear(news);
  });
  let waiting: string[] = [];
  let telling = false;
  const tellAll = async (): Promise<void> => {
    telling = true;
    while (waiting.length > 0) {
      const payloads = waiting;
      waiting = [];
      await db.sql`select pg_notify(${CHANNEL}, said) from unnest(${payloads}::text[]) said`.catch(onError);
    }
    telling = false;
  };
  return {
    // One statement at a time: on two connections a later head could come before an earlier one.
    tell(news) {
      const payload = JSON.stringify({ ...news, from: self });
      if (payload.length > PAYLOAD_BYTES_MAX || waiting.length >= WAITING_MAX) return;
      waiting.push(payload);
      if (!telling) void tellAll();
    },
  };
}

function readNews(payload: string, self: string): News | null {
  let news: unknown;
  try {
    news = JSON.parse(payload);
  } catch {
    return null;
  }
  if (!isJsonObject(news) || news.from === self) return null;
  if (isJsonObject(news.heads)) return { heads: news.heads as Record<string, number> };
  return typeof news.space === 'string' && isJsonObject(news.run) ? { space: news.space, run: news.run } : null;
}
