-- The order in which events are told. Taken after the row of their subject is locked, so it is true for each subject.
create sequence event_ordinal as bigint cache 1;
alter table events add column ordinal bigint not null default nextval('event_ordinal');

-- One row for each statement that appended events: what nobody passed on yet. It goes in the transaction that does.
create table events_unread (
    id         bigint generated always as identity primary key,
    event_ids  uuid[] not null
);

-- A UUID version 7 (RFC 9562, 5.7) made by the database, whose clock everybody goes by.
create function uuid_v7() returns uuid language sql volatile as $$
    select encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid()) placing
        substring(int8send(floor(extract(epoch from clock_timestamp()) * 1000)::bigint) from 3)
        from 1 for 6), 52, 1), 53, 1), 'hex')::uuid
$$;

-- What is told of a message: never its words.
create function message_event(
    id uuid, recipient text, instance text, class text, client_ref text, campaign_id uuid, tags text[], state text,
    provider_id text, reason_code text, reason_text text
) returns jsonb language sql stable as $$
    select jsonb_build_object('id', id, 'to', recipient, 'instance', instance, 'class', class, 'client_ref', client_ref,
        'campaign_id', campaign_id, 'tags', to_jsonb(tags), 'state', state, 'provider_id', provider_id,
        'reason_code', reason_code, 'reason_text', reason_text)
$$;

-- A subscription, and how its endpoint fares. `busy_until` and `turn` are the lease and the fence of whoever posts to it.
create table hooks (
    id                uuid primary key,
    created_at        timestamptz not null,
    name              text not null,
    url               text not null,
    types             text[] not null,
    secret            text not null,
    old_secret        text,
    old_secret_until  timestamptz,
    batch_size        integer not null constraint hooks_batch_size_known check (batch_size between 1 and 500),
    linger_seconds    float8 not null,
    paused_at         timestamptz,
    paused_by         text constraint hooks_paused_by_known check (paused_by in ('person', 'failures', 'gone')),
    paused_why        text,
    failures          integer not null default 0,
    failing_since     timestamptz,
    suspect           text,
    width             integer,
    next_at           timestamptz not null,
    busy_until        timestamptz,
    turn              bigint not null default 0,
    last_ok_at        timestamptz,
    last_error        text
);

-- What somebody wants to hear of: those who append on hot paths leave out the rest.
create view events_wanted as select distinct unnest(types) as pattern from hooks;

-- An event on its way to one subscription. `aside` = it failed alone, and others of its subject wait behind it.
create table hook_deliveries (
    event_id        uuid not null,
    hook_id         uuid not null,
    ordinal         bigint not null,
    subject         text not null,
    state           text not null default 'waiting'
        constraint hook_deliveries_state_known check (state in ('waiting', 'aside', 'delivered', 'failed')),
    created_at      timestamptz not null,
    due_at          timestamptz not null,
    attempts        integer not null default 0,
    alone           integer not null default 0,
    first_tried_at  timestamptz,
    ended_at        timestamptz,
    last_status     integer,
    last_error      text,
    request_ids     uuid[] not null default '{}',
    constraint hook_deliveries_pkey primary key (event_id, hook_id)
) partition by range (event_id);
create index hook_deliveries_hook_idx on hook_deliveries (hook_id, event_id);
create index hook_deliveries_waiting_idx on hook_deliveries (hook_id, ordinal) where state = 'waiting';
create index hook_deliveries_aside_idx on hook_deliveries (hook_id, ordinal) where state = 'aside';

-- One request to an endpoint, and what it answered.
create table hook_requests (
    id           uuid not null,
    hook_id      uuid not null,
    at           timestamptz not null,
    webhook_id   text not null,
    event_ids    uuid[] not null,
    duration_ms  integer not null,
    status       integer,
    error        text,
    answer       text,
    constraint hook_requests_pkey primary key (id)
) partition by range (id);
