import { inTransaction } from '@manara/db/in-transaction';
import { digest } from '@manara/db/pull/digest';
import { type Got, getPage, getRecords } from '@manara/db/pull/get';
import { digestRequest } from '@manara/protocol/digest';
import { getRequest } from '@manara/protocol/get';
import type { RouteDeps } from '../app-deps.ts';
import { checkObject, checkShape, shapeError } from '../check-envelope.ts';
import { HttpError } from '../http-error.ts';
import { jsonResponse } from '../json-response.ts';
import { readJson } from '../read-body.ts';
import type { SessionRoute } from '../route.ts';
import { tellError } from '../service-log.ts';

/** Small records are written together. */
const PIECE_LENGTH_MIN = 65_536;

/** A space that one may not read answers as one that does not exist. */
const noSuchSpace = () => new HttpError('not_found', 'This account has no such space.');

export function getRoute(deps: RouteDeps): SessionRoute {
  return {
    method: 'POST',
    path: '/v1/sync/get',
    async handle(c, session) {
      const { space, table, ids } = checkShape(getRequest, checkObject(await readJson(c, deps.clock)));
      const scope = { role: 'app', accountId: session.userId } as const;
      const got = await inTransaction(deps.db, scope, (tx) => getRecords(tx, { spaceId: space, table, ids }));
      if (got === null) throw noSuchSpace();
      const { records, later, head } = got;
      if (later.length === 0) return jsonResponse(`{"records":[${records.join(',')}],"head":${head}}`);
      const requestId = c.get('requestId');
      const onError = (error: unknown) => deps.log.error({ requestId, err: tellError(error) }, 'an answer was cut off');
      const pause = () => new Promise<void>((resolve) => void deps.clock.after(0, resolve));
      const read: PageReader = (ids) =>
        inTransaction(deps.db, scope, (tx) => getPage(tx, { spaceId: space, table, ids }));
      const { headers } = jsonResponse('');
      return new Response(inPieces(renderAll(got, read, pause), onError), { headers });
    },
  };
}

type PageReader = (ids: readonly string[]) => Promise<readonly string[]>;

/**
 * 500 records may be 300 MB and none may be left out, for what is not there has no record: they are read and written a
 * page at a time. Each page is a transaction of its own. One over all would last as long as the reader likes, and on the
 * embedded engine everybody else would wait for it; what every page tells is at least as new as the head that was read first.
 */
export async function* renderAll(
  got: Got,
  read: PageReader,
  pause: () => Promise<void>,
): AsyncGenerator<string, void, undefined> {
  let piece = '{"records":[';
  let separator = '';
  for await (const page of eachPage(got, read)) {
    for (const record of page) {
      piece += separator + record;
      separator = ',';
      if (piece.length < PIECE_LENGTH_MIN) continue;
      yield piece;
      piece = '';
      // Writing to a reader as fast as this takes no turn of the event loop by itself.
      await pause();
    }
  }
  yield `${piece}],"head":${got.head}}`;
}

async function* eachPage(
  { records, later }: Got,
  read: PageReader,
): AsyncGenerator<readonly string[], void, undefined> {
  yield records;
  for (const ids of later) {
    const page = await read(ids);
    // Records are never removed: whoever sees fewer may not read the space any more.
    if (page.length < ids.length) throw noSuchSpace();
    yield page;
  }
}

/** As a stream that is read no faster than it is taken. Its failure is told the log, and the reader by a broken connection. */
export function inPieces(
  texts: AsyncGenerator<string, void, undefined>,
  onError: (error: unknown) => void,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream(
    {
      async pull(controller) {
        // Outside of the catch: these throw when the reader has gone meanwhile, which is no failure.
        const next = await texts.next().catch((error: unknown) => {
          onError(error);
          throw new Error('the answer was cut off');
        });
        if (next.done) controller.close();
        else controller.enqueue(encoder.encode(next.value));
      },
      cancel: async () => void (await texts.return()),
    },
    { highWaterMark: 0 },
  );
}

export function digestRoute(deps: RouteDeps): SessionRoute {
  return {
    method: 'POST',
    path: '/v1/sync/digest',
    async handle(c, session) {
      const { space, table, prefix } = checkShape(digestRequest, checkObject(await readJson(c, deps.clock)));
      if (prefix !== undefined && table === undefined) throw shapeError('prefix: only together with table');
      const found = await inTransaction(deps.db, { role: 'app', accountId: session.userId }, (tx) =>
        digest(tx, { spaceId: space, table, prefix }),
      );
      if (found === null) throw noSuchSpace();
      return c.json(found);
    },
  };
}
