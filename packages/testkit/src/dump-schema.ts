import type { Sql } from '@manara/db/client';

/**
 * The schema as text, from the catalog: the same on every Postgres from 15 on and on the embedded engine, whoever owns
 * the tables. `migrations/schema.sql` is this text; it is for people to read and for a test to compare.
 */
export async function dumpSchema(sql: Sql): Promise<string> {
  const parts = [
    '-- The schema after all migrations. Written and checked by packages/db/src/schema-dump.pg.test.ts.',
    ...(await tables(sql)),
    ...(await lines(sql, FUNCTIONS)),
    ...(await lines(sql, POLICIES)),
    (await lines(sql, GRANTS)).join('\n'),
  ];
  return `${parts.join('\n\n')}\n`;
}

async function lines(sql: Sql, query: string): Promise<string[]> {
  const rows = await sql.unsafe<{ line: string }[]>(query);
  return rows.map((row) => row.line);
}

async function tables(sql: Sql): Promise<string[]> {
  const rows = await sql.unsafe<{ name: string; security: string; body: string[]; indexes: string[] }[]>(TABLES);
  return rows.map(({ name, security, body, indexes }) => {
    const statements = [`create table ${name} (\n  ${body.join(',\n  ')}\n);`, ...indexes.map((index) => `${index};`)];
    if (security !== '') statements.push(`alter table ${name} ${security};`);
    return statements.join('\n');
  });
}

/** Not-null constraints are rows of pg_constraint from version 18 on: columns show them instead. */
const TABLES = `
  select format('%I.%I', n.nspname, c.relname) as name,
    concat_ws(', ', case when c.relrowsecurity then 'enable row level security' end,
      case when c.relforcerowsecurity then 'force row level security' end) as security,
    array(
      select concat_ws(' ', quote_ident(a.attname), format_type(a.atttypid, a.atttypmod),
        case when a.attcollation <> t.typcollation then 'collate ' || quote_ident(l.collname) end,
        case when a.attnotnull then 'not null' end,
        case a.attidentity when 'a' then 'generated always as identity' end,
        'default ' || pg_get_expr(d.adbin, d.adrelid))
      from pg_attribute a join pg_type t on t.oid = a.atttypid
        left join pg_collation l on l.oid = a.attcollation
        left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
      where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      order by a.attnum
    ) || array(
      select 'constraint ' || quote_ident(k.conname) || ' ' || pg_get_constraintdef(k.oid)
      from pg_constraint k
      where k.conrelid = c.oid and k.contype in ('c', 'f', 'p', 'u')
      order by k.conname collate "C"
    ) as body,
    array(
      select pg_get_indexdef(i.indexrelid)
      from pg_index i join pg_class x on x.oid = i.indexrelid
      where i.indrelid = c.oid and not exists (select from pg_constraint k where k.conindid = i.indexrelid)
      order by x.relname collate "C"
    ) as indexes
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname in ('public', 'auth') and c.relkind in ('r', 'p')
  order by n.nspname collate "C" desc, c.relname collate "C"`;

const FUNCTIONS = `
  select format(E'create function %I.%I(%s) returns %s language %s %s as $$%s$$;', n.nspname, p.proname,
    pg_get_function_arguments(p.oid), pg_get_function_result(p.oid), l.lanname,
    case p.provolatile when 'i' then 'immutable' when 's' then 'stable' else 'volatile' end, p.prosrc) as line
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace join pg_language l on l.oid = p.prolang
  where n.nspname in ('public', 'auth')
  order by p.proname collate "C"`;

const POLICIES = `
  select format(E'create policy %I on %I.%I for %s to %s\n  using (%s)\n  with check (%s);',
    policyname, schemaname, tablename, lower(cmd), array_to_string(roles, ', '), qual, with_check) as line
  from pg_policies
  where schemaname in ('public', 'auth')
  order by tablename collate "C", policyname collate "C"`;

const GRANTS = `
  select line from (
    select format('grant %s on %I.%I to %I;', lower(string_agg(a.privilege_type, ', ' order by a.privilege_type)),
      n.nspname, c.relname, r.rolname) as line
    from pg_class c join pg_namespace n on n.oid = c.relnamespace, aclexplode(c.relacl) a join pg_roles r on r.oid = a.grantee
    where n.nspname in ('public', 'auth') and r.rolname like 'manara\\_%'
    group by n.nspname, c.relname, r.rolname
    union all
    select format('grant %s on schema %I to %I;', lower(a.privilege_type), n.nspname, r.rolname)
    from pg_namespace n, aclexplode(n.nspacl) a join pg_roles r on r.oid = a.grantee
    where r.rolname like 'manara\\_%'
  ) grants
  order by line collate "C"`;
