-- The schema after all migrations. Written and checked by packages/db/src/schema-dump.pg.test.ts.

create table public.changes (
  space_id uuid not null,
  entry bigint not null generated always as identity,
  seq bigint not null,
  table_name text not null,
  id uuid not null,
  cells jsonb not null,
  actor jsonb not null,
  account_id text,
  client text not null,
  group_id uuid,
  received_at timestamp with time zone not null default now(),
  constraint changes_pkey PRIMARY KEY (space_id, entry)
);
CREATE INDEX changes_by_record ON public.changes USING btree (space_id, table_name, id, entry);
alter table public.changes enable row level security, force row level security;

create table public.client_sessions (
  account_id text not null,
  client text not null,
  session_id text not null,
  constraint client_sessions_pkey PRIMARY KEY (account_id, client, session_id)
);
alter table public.client_sessions enable row level security, force row level security;

create table public.meta (
  only_row boolean not null default true,
  epoch text not null,
  constraint meta_only_row_check CHECK (only_row),
  constraint meta_pkey PRIMARY KEY (only_row)
);

create table public.migrations (
  number integer not null,
  name text not null,
  checksum text not null,
  applied_at timestamp with time zone not null default now(),
  constraint migrations_pkey PRIMARY KEY (number)
);

create table public.prompts (
  space_id uuid not null,
  iteration_id uuid not null,
  messages jsonb not null,
  model text,
  prompt_version text not null,
  prompt_hash text not null,
  created_at timestamp with time zone not null default now(),
  constraint prompts_pkey PRIMARY KEY (space_id, iteration_id)
);
alter table public.prompts enable row level security, force row level security;

create table public.records (
  space_id uuid not null,
  table_name text not null,
  id uuid not null,
  fields jsonb not null default '{}'::jsonb,
  deleted jsonb,
  actors jsonb not null default '{}'::jsonb,
  accepted text collate "C",
  seq bigint not null,
  constraint records_pkey PRIMARY KEY (space_id, table_name, id)
);
CREATE UNIQUE INDEX records_by_seq ON public.records USING btree (space_id, seq);
alter table public.records enable row level security, force row level security;

create table public.runs (
  space_id uuid not null,
  id uuid not null default gen_random_uuid(),
  kind text not null,
  mission_id uuid,
  message_id uuid,
  slot text not null,
  state text not null default 'queued'::text,
  attempt integer not null default 0,
  worker text,
  lease_until timestamp with time zone,
  run_after timestamp with time zone not null default now(),
  phase text,
  last_error text,
  requested_at timestamp with time zone not null default now(),
  started_at timestamp with time zone,
  finished_at timestamp with time zone,
  constraint runs_kind_check CHECK ((kind = ANY (ARRAY['scheduled'::text, 'request'::text, 'answer'::text]))),
  constraint runs_pkey PRIMARY KEY (space_id, id),
  constraint runs_space_id_mission_id_slot_key UNIQUE NULLS NOT DISTINCT (space_id, mission_id, slot),
  constraint runs_state_check CHECK ((state = ANY (ARRAY['queued'::text, 'claimed'::text, 'running'::text, 'done'::text, 'failed'::text, 'dead'::text, 'cancelled'::text])))
);
CREATE INDEX runs_leased ON public.runs USING btree (lease_until) WHERE (state = ANY (ARRAY['claimed'::text, 'running'::text]));
CREATE INDEX runs_ready ON public.runs USING btree (run_after) WHERE (state = ANY (ARRAY['queued'::text, 'failed'::text]));
alter table public.runs enable row level security, force row level security;

create table public.schedules (
  space_id uuid not null,
  mission_id uuid not null,
  trigger jsonb not null,
  next_slot timestamp with time zone,
  constraint schedules_pkey PRIMARY KEY (space_id, mission_id)
);
CREATE INDEX schedules_due ON public.schedules USING btree (next_slot) WHERE (next_slot IS NOT NULL);
alter table public.schedules enable row level security, force row level security;

create table public.space_members (
  space_id uuid not null,
  account_id text not null,
  role text not null,
  constraint space_members_pkey PRIMARY KEY (space_id, account_id),
  constraint space_members_role_check CHECK ((role = ANY (ARRAY['owner'::text, 'editor'::text, 'viewer'::text]))),
  constraint space_members_space_id_fkey FOREIGN KEY (space_id) REFERENCES spaces(id) ON DELETE CASCADE
);
CREATE INDEX space_members_account ON public.space_members USING btree (account_id);
alter table public.space_members enable row level security, force row level security;

create table public.spaces (
  id uuid not null default gen_random_uuid(),
  kind text not null,
  personal_of text,
  created_at timestamp with time zone not null default now(),
  constraint spaces_check CHECK (((kind = 'personal'::text) = (personal_of IS NOT NULL))),
  constraint spaces_kind_check CHECK ((kind = ANY (ARRAY['personal'::text, 'shared'::text]))),
  constraint spaces_personal_of_key UNIQUE (personal_of),
  constraint spaces_pkey PRIMARY KEY (id)
);
alter table public.spaces enable row level security, force row level security;

create table public.sync_clients (
  account_id text not null,
  client text not null,
  epoch text not null,
  last_seq bigint not null default 0,
  last_batch_hash text,
  last_reply jsonb,
  greatest_stamp text collate "C" not null default ''::text,
  known_before_epoch boolean not null default false,
  name text,
  first_seen timestamp with time zone not null default now(),
  last_seen timestamp with time zone not null default now(),
  revoked_at timestamp with time zone,
  constraint sync_clients_client_check CHECK ((client ~ '^[0-9a-f]{16}$'::text)),
  constraint sync_clients_pkey PRIMARY KEY (account_id, client)
);
alter table public.sync_clients enable row level security, force row level security;

create table public.sync_heads (
  space_id uuid not null,
  seq bigint not null default 0,
  server_time_ms bigint not null default 0,
  horizon bigint not null default 0,
  constraint sync_heads_pkey PRIMARY KEY (space_id)
);
alter table public.sync_heads enable row level security, force row level security;

create table auth.account (
  id text not null,
  "userId" text not null,
  "accountId" text not null,
  "providerId" text not null,
  "accessToken" text,
  "refreshToken" text,
  "idToken" text,
  "accessTokenExpiresAt" timestamp with time zone,
  "refreshTokenExpiresAt" timestamp with time zone,
  scope text,
  password text,
  "createdAt" timestamp with time zone not null default now(),
  "updatedAt" timestamp with time zone not null default now(),
  constraint account_pkey PRIMARY KEY (id),
  constraint "account_providerId_accountId_key" UNIQUE ("providerId", "accountId"),
  constraint "account_userId_fkey" FOREIGN KEY ("userId") REFERENCES auth."user"(id) ON DELETE CASCADE
);
CREATE INDEX account_user_id ON auth.account USING btree ("userId");

create table auth.rate_limits (
  key text not null,
  tokens double precision not null,
  refilled_at timestamp with time zone not null default now(),
  constraint rate_limits_pkey PRIMARY KEY (key)
);

create table auth.session (
  id text not null,
  "userId" text not null,
  token text not null,
  "expiresAt" timestamp with time zone not null,
  "ipAddress" text,
  "userAgent" text,
  "createdAt" timestamp with time zone not null default now(),
  "updatedAt" timestamp with time zone not null default now(),
  constraint session_pkey PRIMARY KEY (id),
  constraint session_token_key UNIQUE (token),
  constraint "session_userId_fkey" FOREIGN KEY ("userId") REFERENCES auth."user"(id) ON DELETE CASCADE
);
CREATE INDEX session_user_id ON auth.session USING btree ("userId");

create table auth."user" (
  id text not null,
  name text not null,
  email text not null,
  "emailVerified" boolean not null default false,
  image text,
  "createdAt" timestamp with time zone not null default now(),
  "updatedAt" timestamp with time zone not null default now(),
  constraint user_email_key UNIQUE (email),
  constraint user_pkey PRIMARY KEY (id)
);

create table auth.verification (
  id text not null,
  identifier text not null,
  value text not null,
  "expiresAt" timestamp with time zone not null,
  "createdAt" timestamp with time zone not null default now(),
  "updatedAt" timestamp with time zone not null default now(),
  constraint verification_pkey PRIMARY KEY (id)
);
CREATE INDEX verification_identifier ON auth.verification USING btree (identifier);

create function public.manara_visible_spaces() returns uuid[] language sql stable as $$
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

create policy in_space on public.changes for all to manara_app
  using ((space_id = ANY (( SELECT manara_visible_spaces() AS manara_visible_spaces)::uuid[])))
  with check ((space_id = ANY (( SELECT manara_visible_spaces() AS manara_visible_spaces)::uuid[])));

create policy own_account on public.client_sessions for all to manara_app
  using ((account_id = ( SELECT NULLIF(current_setting('manara.account_id'::text, true), ''::text) AS "nullif")))
  with check ((account_id = ( SELECT NULLIF(current_setting('manara.account_id'::text, true), ''::text) AS "nullif")));

create policy in_space on public.prompts for all to manara_app
  using ((space_id = ANY (( SELECT manara_visible_spaces() AS manara_visible_spaces)::uuid[])))
  with check ((space_id = ANY (( SELECT manara_visible_spaces() AS manara_visible_spaces)::uuid[])));

create policy in_space on public.records for all to manara_app
  using ((space_id = ANY (( SELECT manara_visible_spaces() AS manara_visible_spaces)::uuid[])))
  with check ((space_id = ANY (( SELECT manara_visible_spaces() AS manara_visible_spaces)::uuid[])));

create policy across_spaces on public.runs for all to manara_runner
  using (true)
  with check (true);

create policy in_space on public.runs for all to manara_app
  using ((space_id = ANY (( SELECT manara_visible_spaces() AS manara_visible_spaces)::uuid[])))
  with check ((space_id = ANY (( SELECT manara_visible_spaces() AS manara_visible_spaces)::uuid[])));

create policy across_spaces on public.schedules for all to manara_runner
  using (true)
  with check (true);

create policy in_space on public.schedules for all to manara_app
  using ((space_id = ANY (( SELECT manara_visible_spaces() AS manara_visible_spaces)::uuid[])))
  with check ((space_id = ANY (( SELECT manara_visible_spaces() AS manara_visible_spaces)::uuid[])));

create policy make_accounts on public.space_members for all to manara_accounts
  using (true)
  with check (true);

create policy own_account on public.space_members for all to manara_app
  using ((account_id = ( SELECT NULLIF(current_setting('manara.account_id'::text, true), ''::text) AS "nullif")))
  with check ((account_id = ( SELECT NULLIF(current_setting('manara.account_id'::text, true), ''::text) AS "nullif")));

create policy in_space on public.spaces for all to manara_app
  using ((id = ANY (( SELECT manara_visible_spaces() AS manara_visible_spaces)::uuid[])))
  with check ((id = ANY (( SELECT manara_visible_spaces() AS manara_visible_spaces)::uuid[])));

create policy make_accounts on public.spaces for all to manara_accounts
  using (true)
  with check (true);

create policy own_account on public.sync_clients for all to manara_app
  using ((account_id = ( SELECT NULLIF(current_setting('manara.account_id'::text, true), ''::text) AS "nullif")))
  with check ((account_id = ( SELECT NULLIF(current_setting('manara.account_id'::text, true), ''::text) AS "nullif")));

create policy in_space on public.sync_heads for all to manara_app
  using ((space_id = ANY (( SELECT manara_visible_spaces() AS manara_visible_spaces)::uuid[])))
  with check ((space_id = ANY (( SELECT manara_visible_spaces() AS manara_visible_spaces)::uuid[])));

create policy make_accounts on public.sync_heads for all to manara_accounts
  using (true)
  with check (true);

grant delete, insert, select, update on public.client_sessions to manara_app;
grant delete, insert, select, update on public.schedules to manara_app;
grant insert, select on public.changes to manara_app;
grant insert, select on public.prompts to manara_app;
grant insert, select on public.space_members to manara_accounts;
grant insert, select on public.spaces to manara_accounts;
grant insert, select on public.sync_heads to manara_accounts;
grant insert, select, update on public.records to manara_app;
grant insert, select, update on public.runs to manara_app;
grant insert, select, update on public.runs to manara_runner;
grant insert, select, update on public.sync_clients to manara_app;
grant select on public.meta to manara_app;
grant select on public.space_members to manara_app;
grant select on public.spaces to manara_app;
grant select, update on public.schedules to manara_runner;
grant select, update on public.sync_heads to manara_app;
grant usage on schema public to manara_accounts;
grant usage on schema public to manara_app;
grant usage on schema public to manara_runner;
