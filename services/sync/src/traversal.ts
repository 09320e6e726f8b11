/** An encoded dot, slash or backslash (encoded once or more), or a dot segment. */
const TRAVERSAL = /%(?:25)*(?:2e|2f|5c|00)|\\|\/\.{1,2}(?:\/|$)/i;

/**
 * Whether a request's target, as it came over the socket, has a path that climbs or hides its parts. No path of ours
 * does, and decoding it would be guessing. A parsed URL cannot tell: its dot segments are gone. False when there was no
 * socket.
 */
export function isTraversal(target: string | undefined): boolean {
  return target !== undefined && TRAVERSAL.test(target.split('?', 1)[0] ?? '');
}
