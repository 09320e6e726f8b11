import type { Database } from './client.ts';
import { inTransaction, ROLE_BY_SCOPE, type Scope } from './in-transaction.ts';

const SCOPES: Scope[] = [{ role: 'app', accountId: '' }, { role: 'runner' }, { role: 'accounts' }];

/** Server-only tables with nothing of a tenant in them. */
const SHARED_TABLES = ['meta', 'migrations'];

type EffectiveRole = {
  name: string;
  superuser: boolean;
  bypassesRls: boolean;
  ownsTables: boolean;
  seesSecrets: boolean;
};

/**
 * Boot check: throws, saying what to change, unless row-level security really binds the roles that transactions work
 * as. What counts is the effective role inside a transaction, not who connected.
 */
export async function assertRowSecurity(db: Database): Promise<void> {
  for (const scope of SCOPES) {
    const found = await inTransaction(
      db,
      scope,
      async (tx) => tx<EffectiveRole[]>`
        select current_user::text as name, rolsuper as superuser, rolbypassrls as "bypassesRls",
          exists (
            select from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where n.nspname in ('public', 'auth') and c.relkind in ('r', 'p') and c.relowner = r.oid
          ) as "ownsTables",
          has_schema_privilege(r.oid, 'auth', 'usage') as "seesSecrets"
        from pg_roles r where rolname = current_user`,
    );
    assertBound(found[0], scope.role as keyof typeof ROLE_BY_SCOPE);
  }
  const open = await db.sql<{ name: string }[]>`
    select c.relname::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'public' and c.relkind in ('r', 'p') and not (c.relrowsecurity and c.relforcerowsecurity)
      and c.relname <> all (${SHARED_TABLES}::text[])
    order by c.relname`;
  if (open.length > 0) {
    refuse(`row-level security is not forced on: ${open.map((table) => table.name).join(', ')}`);
  }
}

function assertBound(role: EffectiveRole | undefined, scope: keyof typeof ROLE_BY_SCOPE): void {
  const expected = ROLE_BY_SCOPE[scope];
  if (role?.name !== expected) refuse(`a transaction runs as ${role?.name ?? 'nobody'} where ${expected} is expected`);
  if (role.superuser) refuse(`the role ${expected} is a superuser`);
  if (role.bypassesRls) refuse(`the role ${expected} has BYPASSRLS`);
  if (role.ownsTables) refuse(`the role ${expected} owns tables`);
  if (role.seesSecrets) refuse(`the role ${expected} may use the schema auth`);
}

function refuse(reason: string): never {
  throw new Error(`Row-level security would not hold, so Manara does not start: ${reason}.`);
}
