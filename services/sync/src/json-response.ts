/** A 200 with JSON that is rendered already. */
export const jsonResponse = (text: string): Response =>
  new Response(text, { status: 200, headers: { 'content-type': 'application/json', 'cache-control': 'no-store' } });
