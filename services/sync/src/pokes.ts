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
