import type { Handle } from '@sveltejs/kit/hooks';

/** Runs once, when the build writes the fallback page: the two families that every page shows are fetched at once. */
export const handle: Handle = ({ event, resolve }) =>
  resolve(event, {
    preload: ({ type, path }) => type === 'js' || type === 'css' || (type === 'font' && /-latin-wght-/.test(path)),
  });
