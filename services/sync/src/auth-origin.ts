import { isIP } from 'node:net';

/** Why a request's origin is refused, or null when it may pass. */
export type OriginVerdict = 'forbidden_origin' | null;

/**
 * A browser sends cookies also with requests that other sites make, and names the site in `Origin`. With a cookie the
 * origin must be the server's own: scheme://Host, where Host is loopback, an IP address or the public URL's (a name that
 * an attacker points at this machine is none of these). Loopback names and addresses on one port are one origin.
 * Requests with no cookie carry no one's authority; requests with no Origin do not come from another site's page.
 */
export function judgeOrigin(headers: Headers, publicUrl: string | null): OriginVerdict {
  const origin = headers.get('origin');
  if (origin === null || !headers.has('cookie')) return null;
  const host = headers.get('host');
  return host !== null && isOwnOrigin(origin, host, publicUrl) ? null : 'forbidden_origin';
}

/** True when the request came over https, as far as this server knows: it speaks http behind the public URL's proxy. */
export function isSecureHost(host: string | null, publicUrl: string | null): boolean {
  if (publicUrl === null) return false;
  const url = new URL(publicUrl);
  return url.protocol === 'https:' && (host === null || parseHost(host, 'https:')?.host === url.host);
}

function isOwnOrigin(origin: string, host: string, publicUrl: string | null): boolean {
  const from = parseUrl(origin);
  if (!from || from.origin !== origin.toLowerCase()) return false;
  if (publicUrl !== null) {
    const own = new URL(publicUrl);
    if (parseHost(host, own.protocol)?.host === own.host && from.origin === own.origin) return true;
  }
  const asked = parseHost(host, 'http:');
  if (!asked || from.protocol !== 'http:') return false;
  if (isLoopback(asked.hostname)) return isLoopback(from.hostname) && from.port === asked.port;
  return isAddress(asked.hostname) && from.host === asked.host;
}

/** The default port of the scheme disappears, as it does in an Origin. */
function parseHost(host: string, protocol: string): URL | null {
  const url = parseUrl(`${protocol}//${host}`);
  return url && url.pathname === '/' && url.username === '' && url.search === '' && url.hash === '' ? url : null;
}

function parseUrl(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null;
}

function isAddress(hostname: string): boolean {
  return isIP(hostname.replace(/^\[(.*)\]$/, '$1')) !== 0;
}

function isLoopback(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname === '[::1]' ||
    (isIP(hostname) === 4 && hostname.startsWith('127.'))
  );
}
