import type { Database } from '@manara/db/client';
import { joinNews, type News } from '@manara/db/news';
import type { RunEvent } from '@manara/protocol/live';

/** What is told to those who listen to some spaces. */
export interface PokeListener {
  /** heads that moved, of the spaces listened to */
  heads(heads: Readonly<Record<string, number>>): void;
  run?(event: RunEvent): void;
}

/** Word between the requests of one process: that a space has news, and how a run gets on. Carries no records. */
export interface Pokes {
  heads(heads: Readonly<Record<string, number>>): void;
  run(spaceId: string, event: RunEvent): void;
  subscribe(spaceIds: Iterable<string>, listener: PokeListener): () => void;
}

export function createPokes(): Pokes {
  const listenersBySpace = new Map<string, Set<PokeListener>>();
  return {
    heads(heads) {
      const told = new Map<PokeListener, Record<string, number>>();
      for (const [space, seq] of Object.entries(heads)) {
        for (const listener of listenersBySpace.get(space) ?? []) {
          const news = told.get(listener) ?? {};
          news[space] = seq;
          told.set(listener, news);
        }
      }
      for (const [listener, news] of told) listener.heads(news);
    },
    run(spaceId, event) {
      for (const listener of [...(listenersBySpace.get(spaceId) ?? [])]) listener.run?.(event);
    },
    subscribe(spaceIds, listener) {
      const spaces = [...spaceIds];
      for (const space of spaces) {
        const listeners = listenersBySpace.get(space) ?? new Set();
        listenersBySpace.set(space, listeners.add(listener));
      }
      return () => {
        for (const space of spaces) {
          const listeners = listenersBySpace.get(space);
          listeners?.delete(listener);
          if (listeners?.size === 0) listenersBySpace.delete(space);
        }
      };
    },
  };
}

/**
 * Joins the pokes of the processes that share a database: what is told here is told there too. Of several servers each
 * then answers held requests and live streams as soon as any of them, or a runner, has written.
 */
export async function sharePokes(db: Database, self: string, onError: (error: unknown) => void): Promise<Pokes> {
  const local = createPokes();
  const hear = (news: News): void => {
    if ('heads' in news) local.heads(news.heads);
    else local.run(news.space, news.run as unknown as RunEvent);
  };
  const line = await joinNews(db, self, hear, onError);
  return {
    ...local,
    heads(heads) {
      local.heads(heads);
      line.tell({ heads });
    },
    run(space, run) {
      local.run(space, run);
      line.tell({ space, run: { ...run } });
    },
  };
}
