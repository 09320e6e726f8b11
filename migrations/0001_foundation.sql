-- Foundation: roles, spaces, merged state, change log, clients, schedules, runs, prompts.
--
-- Conventions
--   * `space_id` leads every primary key of tenant data: row-level security, partitioning and sharding use one column.
--   * Stamps are text compared with collate "C" (byte order is clock order).
--   * A cell is the JSON array [value, stamp]; a cell that nobody wrote is absent.
--   * The application never works as the session's user. Every transaction takes one of the roles below with
--     `set local role`, because the session's user may be a superuser (embedded engine, usual container image), for
--     whom row-level security is silently off.

-- Roles belong to the whole cluster, and migrators of two databases may run at once: losing that race is success.
do $$
declare
  role_name text;
  -- From version 16 on a creator is a member that may not `set role` until it grants itself that.
  may_set text := case when current_setting('server_version_num')::int >= 160000 then 'set' else 'member' end;
begin
  foreach role_name in array array['manara_app', 'manara_runner', 'manara_accounts'] loop
    if not exists (select from pg_roles where rolname = role_name) then
      begin
        execute format('create role %I nologin', role_name);
      exception when duplicate_object or unique_violation then null;
      end;
    end if;
    -- A plain owner must be a member to `set role`; a superuser already may. Checked first: granting again would
    -- write the same catalog row from concurrent migrators.
    if not pg_has_role(current_user, role_name, may_set) then
      execute format('grant %I to current_user', role_name);
    end if;
  end loop;
end $$;

-- One row. `epoch` names this history of the database; a restore from a backup draws a new one.
create table meta (
  only_row boolean primary key default true check (only_row),
  epoch text not null
);
insert into meta (epoch) values (gen_random_uuid()::text);

create table spaces (
  id uuid primary key default gen_random_uuid(),
  kind text not null check (kind in ('personal', 'shared')),
  -- The account whose personal space this is: unique, so that making it twice makes one.
  personal_of text unique,
  created_at timestamptz not null default now(),
  check ((kind = 'personal') = (personal_of is not null))
);

create table space_members (
  space_id uuid not null references spaces on delete cascade,
  account_id text not null,
  role text not null check (role in ('owner', 'editor', 'viewer')),
  primary key (space_id, account_id)
);
create index space_members_account on space_members (account_id);

-- The lock and the counter of a space. Sequence numbers are handed out under this row's lock, so commit order is
-- sequence order. The server's clock lives here too: max(wall, stored), so it never falls for a space.
create table sync_heads (
  space_id uuid primary key,
  seq bigint not null default 0,
  server_time_ms bigint not null default 0,
  -- Tombstones with a seq at or below this are forgotten by clients and digests.
  horizon bigint not null default 0
);

-- One installation of an account. `last_*` answer the repeated batch; a new epoch starts at seq 0 again.
create table sync_clients (
  account_id text not null,
  client text not null check (client ~ '^[0-9a-f]{16}$'),
  epoch text not null,
  last_seq bigint not null default 0,
  last_batch_hash text,
  last_reply jsonb,
  greatest_stamp text collate "C" not null default '',
  -- True from the first contact in a new epoch until the first ordinary batch: recovery batches are taken meanwhile.
  known_before_epoch boolean not null default false,
  name text,
  first_seen timestamptz not null default now(),
  last_seen timestamptz not null default now(),
  revoked_at timestamptz,
  primary key (account_id, client)
);

-- Which sign-ins a client has used: revoking the device ends them.
create table client_sessions (
  account_id text not null,
  client text not null,
  session_id text not null,
  primary key (account_id, client, session_id)
);

-- Merged state: what is synced. One row per record, whole.
create table records (
  space_id uuid not null,
  table_name text not null,
  id uuid not null,
  -- {field: [value, stamp]}
  fields jsonb not null default '{}',
  -- [boolean, stamp], or null when nobody wrote it
  deleted jsonb,
  -- {field or "$deleted": actor}
  actors jsonb not null default '{}',
  -- Insert-only tables: the server's stamp at first acceptance
  accepted text collate "C",
  seq bigint not null,
  primary key (space_id, table_name, id)
);
create unique index records_by_seq on records (space_id, seq);

-- Append-only audit log, never replayed to serve a pull. One row per accepted op, also one that won nothing.
create table changes (
  space_id uuid not null,
  entry bigint generated always as identity,
  -- The record's seq when the op changed it, else the head at that moment
  seq bigint not null,
  table_name text not null,
  id uuid not null,
  -- {field or "$deleted": {"value", "stamp", "won": boolean, "previous"?: [value, stamp]}}: both sides of a conflict
  cells jsonb not null,
  actor jsonb not null,
  account_id text,
  client text not null,
  group_id uuid,
  received_at timestamptz not null default now(),
  primary key (space_id, entry)
);
create index changes_by_record on changes (space_id, table_name, id, entry);

-- When a mission is next due. Kept by ingest in the transaction that changes the mission.
create table schedules (
  space_id uuid not null,
  mission_id uuid not null,
  -- The mission's trigger as synced: {kind, rrule?, zone?, ...}; the caller's nextSlot function reads it
  trigger jsonb not null,
  -- Null: nothing due (manual, paused, ended)
  next_slot timestamptz,
  primary key (space_id, mission_id)
);
create index schedules_due on schedules (next_slot) where next_slot is not null;

-- One plan per (mission, slot), whatever the workers do. `attempt` is the fence: a write-back must name it.
create table runs (
  space_id uuid not null,
  id uuid not null default gen_random_uuid(),
  kind text not null check (kind in ('scheduled', 'request', 'answer')),
  mission_id uuid,
  message_id uuid,
  -- `YYYY-MM-DDTHH:MMZ` of the due occurrence, or the run request's id
  slot text not null,
  state text not null default 'queued'
    check (state in ('queued', 'claimed', 'running', 'done', 'failed', 'dead', 'cancelled')),
  attempt integer not null default 0,
  worker text,
  lease_until timestamptz,
  run_after timestamptz not null default now(),
  phase text,
  last_error text,
  requested_at timestamptz not null default now(),
  started_at timestamptz,
  finished_at timestamptz,
  primary key (space_id, id),
  unique nulls not distinct (space_id, mission_id, slot)
);
-- 'failed' waits for its next attempt just as 'queued' waits for its first.
create index runs_ready on runs (run_after) where state in ('queued', 'failed');
create index runs_leased on runs (lease_until) where state in ('claimed', 'running');

-- The exact prompt of an iteration: shown to its owner, never synced.
create table prompts (
  space_id uuid not null,
  iteration_id uuid not null,
  messages jsonb not null,
  model text,
  prompt_version text not null,
  prompt_hash text not null,
  created_at timestamptz not null default now(),
  primary key (space_id, iteration_id)
);

-- The spaces this transaction may touch: those of the account, and the one space a runner acts for. An unset setting
-- reads null on a fresh connection and '' later on a pooled one: both deny.
create function manara_visible_spaces() returns uuid[] language sql stable as $$
  select array_remove(
    array_append(
      array(
        select m.space_id from public.space_members m
        where m.account_id = nullif(current_setting('manara.account_id', true), '')
      ),
      nullif(current_setting('manara.space_id', true), '')::uuid
    ),
    null
  )
$$;

-- Row-level security. One predicate on space_id for reads and writes; the scalar subquery is evaluated once a
-- statement and can serve as an index condition. FORCE: the owner is not exempt either.
do $$
declare
  tenant_table text;
begin
  foreach tenant_table in array array['sync_heads', 'records', 'changes', 'schedules', 'runs', 'prompts'] loop
    execute format(
      'create policy in_space on %I to manara_app
         using (space_id = any ((select manara_visible_spaces())::uuid[]))
         with check (space_id = any ((select manara_visible_spaces())::uuid[]))', tenant_table);
  end loop;
  foreach tenant_table in array array['sync_clients', 'client_sessions', 'space_members'] loop
    execute format(
      'create policy own_account on %I to manara_app
         using (account_id = (select nullif(current_setting(''manara.account_id'', true), '''')))
         with check (account_id = (select nullif(current_setting(''manara.account_id'', true), '''')))', tenant_table);
  end loop;
  foreach tenant_table in array array['schedules', 'runs'] loop
    execute format('create policy across_spaces on %I to manara_runner using (true) with check (true)', tenant_table);
  end loop;
  foreach tenant_table in array array['spaces', 'space_members', 'sync_heads'] loop
    execute format('create policy make_accounts on %I to manara_accounts using (true) with check (true)', tenant_table);
  end loop;
  foreach tenant_table in array array['spaces', 'space_members', 'sync_heads', 'sync_clients', 'client_sessions',
                                      'records', 'changes', 'schedules', 'runs', 'prompts'] loop
    execute format('alter table %I enable row level security', tenant_table);
    execute format('alter table %I force row level security', tenant_table);
  end loop;
end $$;
create policy in_space on spaces to manara_app
  using (id = any ((select manara_visible_spaces())::uuid[]))
  with check (id = any ((select manara_visible_spaces())::uuid[]));

-- Least privilege: the log is append-only, nobody deletes records, memberships are made by manara_accounts alone.
grant usage on schema public to manara_app, manara_runner, manara_accounts;
grant select on meta, spaces, space_members to manara_app;
grant select, update on sync_heads to manara_app;
grant select, insert, update on records, sync_clients, runs to manara_app;
grant select, insert on changes, prompts to manara_app;
grant select, insert, update, delete on schedules, client_sessions to manara_app;
grant select, update on schedules to manara_runner;
grant select, insert, update on runs to manara_runner;
grant select, insert on spaces, space_members, sync_heads to manara_accounts;
