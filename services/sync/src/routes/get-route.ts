import { inTransaction } from '@manara/db/in-transaction';
import { digest } from '@manara/db/pull/digest';
import { getRecords } from '@manara/db/pull/get';
import { digestRequest } from '@manara/protocol/digest';
import { getRequest } from '@manara/protocol/get';
import type { RouteDeps } from '../app-deps.ts';
import { checkObject, checkShape, shapeError } from '../check-envelope.ts';
import { HttpError } from '../http-error.ts';
import { jsonResponse } from '../json-response.ts';
import { readJson } from '../read-body.ts';
import type { SessionRoute } from '../route.ts';

/** A space that one may not read answers as one that does not exist. */
const noSuchSpace = () => new HttpError('not_found', 'This account has no such space.');

export function getRoute(deps: RouteDeps): SessionRoute {
  return {
    method: 'POST',
    path: '/v1/sync/get',
    async handle(c, session) {
      const { space, table, ids } = checkShape(getRequest, checkObject(await readJson(c, deps.clock)));
      const found = await inTransaction(deps.db, { role: 'app', accountId: session.userId }, (tx) =>
        getRecords(tx, { spaceId: space, table, ids }),
      );
      if (found === null) throw noSuchSpace();
      return jsonResponse(`{"records":[${found.records.join(',')}],"head":${found.head}}`);
    },
  };
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
