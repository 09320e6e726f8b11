import { BlockList, isIP } from 'node:net';

/** Finds who is asking, for rate limits and the list of sessions. */
export type ClientAddress = (peer: string | undefined, forwardedFor: string | null) => string;

/** What a request with no socket (in-memory tests) is counted as. */
const NO_PEER = '127.0.0.1';

/**
 * `X-Forwarded-For` is believed only as far as trusted proxies wrote it: from the right, the first address that is not
 * one of theirs. From anyone else it is ignored, or rotating it would evade every limit. Entries of `trustedProxies`
 * are addresses or CIDR ranges; throws on one that is neither.
 */
export function clientAddressBehind(trustedProxies: readonly string[]): ClientAddress {
  const trusted = new BlockList();
  for (const entry of trustedProxies) {
    const [address = '', prefix] = entry.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (prefix === undefined) trusted.addAddress(address, family);
    else trusted.addSubnet(address, Number(prefix), family);
  }
  const isTrusted = (address: string) => trusted.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');

  return (peer, forwardedFor) => {
    let address = unmapped(peer ?? NO_PEER);
    const hops = (forwardedFor ?? '').split(',').map((hop) => unmapped(hop.trim()));
    while (hops.length > 0 && isTrusted(address)) {
      const hop = hops.pop() as string;
      if (isIP(hop) === 0) break;
      address = hop;
    }
    return address;
  };
}

/** A dual-stack socket shows IPv4 peers as ::ffff:a.b.c.d. */
function unmapped(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '');
}
