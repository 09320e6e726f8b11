import type { Auth, Session } from './auth.ts';
import { HttpError } from './http-error.ts';

/** The session that a cookie or a Bearer token names; 401 without one. */
export async function requireSession(auth: Pick<Auth, 'readSession'>, headers: Headers): Promise<Session> {
  const session = await auth.readSession(headers);
  if (session !== null) return session;
  const challenge = { headers: { 'www-authenticate': 'Bearer' } };
  throw new HttpError('unauthenticated', 'Sign in first: the session is missing or over.', challenge);
}
