-- Webhooks that are stored and not yet applied, one row for each commit of them; what says nothing to us is not here.
create table inbound_unapplied (
    id          bigint generated always as identity primary key,
    created_at  timestamptz not null default now(),
    event_ids   uuid[] not null
);
