import { createContext, type Snippet } from 'svelte';

/** The shell's sync pill, shown at the end of every page header. */
export interface PageStatus {
  readonly status: Snippet | undefined;
}

const [getPageStatus, providePageStatus] = createContext<PageStatus>();

export { getPageStatus, providePageStatus };
