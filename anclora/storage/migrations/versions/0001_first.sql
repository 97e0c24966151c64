-- The ledger. Every fact about a message is a row; Redis can be rebuilt from here.

create table accounts (
    name        text primary key,
    created_at  timestamptz not null default now()
);
insert into accounts (name) values ('main');

create table api_keys (
    id           uuid primary key,
    account      text not null references accounts (name),
    name         text not null,
    prefix       text not null constraint api_keys_prefix_unique unique,
    hash         bytea not null,
    scopes       text[] not null,
    created_at   timestamptz not null default now(),
    revoked_at   timestamptz
);

create table audit (
    id       uuid primary key,
    at       timestamptz not null default now(),
    actor    text not null,
    action   text not null,
    subject  text not null,
    detail   jsonb not null default '{}'
);

create table contacts (
    id               uuid primary key,
    phone            text not null constraint contacts_phone_unique unique,
    created_at       timestamptz not null default now(),
    opted_out_at     timestamptz,
    opt_out_reason   text,
    last_inbound_at  timestamptz
);

create table instances (
    name              text primary key,
    provider          text not null,
    created_at        timestamptz not null default now(),
    state             text not null default 'connecting'
        constraint instances_state_known check (state in ('open', 'connecting', 'close', 'logged_out', 'missing')),
    state_at          timestamptz not null default now(),
    owner             text,
    secret            text not null,
    old_secret        text,
    old_secret_until  timestamptz,
    paused_until      timestamptz,
    pause_reason      text
);

create table workers (
    id            uuid primary key,
    role          text not null,
    host          text not null,
    pid           integer not null,
    started_at    timestamptz not null default now(),
    heartbeat_at  timestamptz not null default now(),
    stopped_at    timestamptz,
    reaped_at     timestamptz
);

-- Order within (instance, recipient, priority). Cache 1: two sessions must not hold ranges of their own.
create sequence message_ordinal as bigint cache 1;

create table messages (
    id               uuid not null,
    account          text not null,
    instance         text not null,
    contact_id       uuid not null,
    recipient        text not null,
    content          bytea not null,
    kind             text not null,
    fingerprint      text,
    class            text not null
        constraint messages_class_known check (class in ('reply', 'utility', 'marketing')),
    priority         smallint not null constraint messages_priority_known check (priority between 0 and 3),
    tags             text[] not null default '{}',
    campaign_id      uuid,
    client_ref       text,
    send_at          timestamptz,
    send_zone        text,
    expires_at       timestamptz,
    created_at       timestamptz not null default now(),
    state            text not null
        constraint messages_state_known check (state in ('scheduled', 'queued', 'sending', 'unknown', 'sent', 'delivered',
            'read', 'played', 'failed', 'dead', 'canceled', 'expired', 'blocked')),
    open             boolean not null generated always as (state in ('queued', 'sending', 'unknown')) stored,
    state_at         timestamptz not null default now(),
    ordinal          bigint,
    attempt          integer not null default 0,
    tries            integer not null default 0,
    lane_refusals    smallint not null default 0,
    next_attempt_at  timestamptz not null default now(),
    eligible_at      timestamptz,
    blocks_until     timestamptz,
    hold_reason      text,
    hold_until       timestamptz,
    worker_id        uuid,
    intent_at        timestamptz,
    unknown_at       timestamptz,
    sent_at          timestamptz,
    delivered_at     timestamptz,
    read_at          timestamptz,
    played_at        timestamptz,
    stalled_at       timestamptz,
    provider_id      text,
    reason_code      text,
    reason_text      text,
    constraint messages_pkey primary key (id),
    constraint messages_order_when_due check (ordinal is not null or state in ('scheduled', 'canceled', 'expired', 'blocked'))
) partition by range (id);

-- The head guard: the only index that follows the state, because a changed indexed column ends HOT updates. It hangs on
-- `open`, so that only a message's end touches it: intents, retries and doubts stay HOT.
create index messages_head on messages (instance, recipient, priority, ordinal) where open;
-- What is not due yet has no ordinal.
create index messages_schedule on messages (send_at) where ordinal is null;
create index messages_doubt on messages (unknown_at) where unknown_at is not null;

create table attempts (
    message_id   uuid not null,
    attempt      integer not null,
    worker_id    uuid,
    instance     text not null,
    intent_at    timestamptz not null,
    finished_at  timestamptz not null default now(),
    outcome      text not null
        constraint attempts_outcome_known check (outcome in ('sent', 'refused', 'unknown', 'returned', 'orphaned')),
    code         text,
    text         text,
    provider_id  text,
    constraint attempts_pkey primary key (message_id, attempt)
) partition by range (message_id);

-- What happened to a message besides its attempts: holds, lost places, requeues, resolutions, late evidence.
create table message_notes (
    id          uuid primary key,
    message_id  uuid not null,
    at          timestamptz not null default now(),
    kind        text not null,
    detail      text
);
create index message_notes_message on message_notes (message_id);

create table outbox (
    id           bigint generated always as identity primary key,
    created_at   timestamptz not null default now(),
    message_ids  uuid[] not null
);

-- Receipt and result meet on this row, whichever comes first.
create table provider_messages (
    instance      text not null,
    provider_id   text not null,
    message_id    uuid,
    attempt       integer,
    rank          smallint not null default 0 constraint provider_messages_rank_known check (rank between 0 and 4),
    delivered_at  timestamptz,
    read_at       timestamptz,
    played_at     timestamptz,
    error_at      timestamptz,
    error_text    text,
    recipient     text,
    fingerprint   text,
    by_api        boolean,
    seen_at       timestamptz,
    created_at    timestamptz not null default now(),
    constraint provider_messages_pkey primary key (instance, provider_id)
);
create index provider_messages_unclaimed on provider_messages (instance, seen_at) where message_id is null;

create table idempotency (
    owner        text not null,
    key          text not null,
    hash         bytea not null,
    message_ids  uuid[] not null,
    created_at   timestamptz not null default now(),
    constraint idempotency_pkey primary key (owner, key)
);

-- Raw webhooks as they came; bytea, because a body may hold what text cannot.
create table inbound_events (
    id        uuid not null,
    instance  text not null,
    kind      text not null,
    body      bytea not null,
    error     text,
    constraint inbound_events_pkey primary key (id)
) partition by range (id);

-- Which Redis the lanes were last reconciled with.
create table queue_epoch (
    id      boolean primary key default true constraint queue_epoch_one_row check (id),
    epoch   bigint not null,
    run_id  text not null,
    at      timestamptz not null default now()
);
insert into queue_epoch (epoch, run_id) values (1, '');
