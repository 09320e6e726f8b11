import { HttpError } from './http-error.ts';

/** What the auth library tells of its endpoints. */
type Endpoints = Readonly<Record<string, { readonly path?: string; readonly options?: object }>>;

/** The method that each path is asked with. */
export type AuthRoutes = ReadonlyMap<string, string>;

/**
 * The auth library's routes without those that are off. It counts and stores what it has no route for too, by path: with
 * this list such a request never gets there. Paths with a parameter are left out: all of them continue a mail or the
 * sign-in with a foreign account, and there is neither.
 */
export function authRoutes(endpoints: Endpoints, disabled: readonly string[]): AuthRoutes {
  const routes = new Map<string, string>();
  for (const { path, options } of Object.values(endpoints)) {
    if (path === undefined || path.includes(':') || disabled.includes(path)) continue;
    // Of several methods the later ones are for settings that are off.
    const [method] = [(options as { method?: string | string[] } | undefined)?.method].flat();
    if (method !== undefined) routes.set(path, method);
  }
  return routes;
}

/** The method to ask the library with: HEAD is asked as GET. */
export function checkAuthRoute(routes: AuthRoutes, path: string, method: string): string {
  const known = routes.get(path);
  if (known === undefined) throw new HttpError('not_found', 'There is nothing here.');
  const allow = known === 'GET' ? 'GET, HEAD' : known;
  if (!allow.split(', ').includes(method)) {
    throw new HttpError('method_not_allowed', `Use ${allow}.`, { headers: { allow } });
  }
  return known;
}
