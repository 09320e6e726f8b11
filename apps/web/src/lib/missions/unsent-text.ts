/** What a box holds again when its words were not stored: those, and what was typed meanwhile. */
export const withUnsent = (unsent: string, typed: string): string => (typed === '' ? unsent : `${unsent}\n${typed}`);
