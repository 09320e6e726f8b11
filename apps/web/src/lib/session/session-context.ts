import { createContext } from 'svelte';
import type { Session } from './session.svelte.ts';

/** The session, for every page. Call while a component is being set up. */
const [getSession, provideSession] = createContext<Session>();

export { getSession, provideSession };
