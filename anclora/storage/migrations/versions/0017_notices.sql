-- What people were told on Slack or by mail. The key names the fact: it is told once to each target.
create table notices (
    id          uuid primary key,
    created_at  timestamptz not null,
    key         text not null constraint notices_key_unique unique,
    severity    text not null constraint notices_severity_known check (severity in ('info', 'warning', 'critical')),
    title       text not null,
    text        text not null,
    links       jsonb not null default '[]'
);
create index notices_created on notices (created_at);

create table notice_files (
    notice_id  uuid not null references notices (id) on delete cascade,
    place      smallint not null,
    name       text not null,
    mimetype   text not null,
    data       bytea not null,
    constraint notice_files_pkey primary key (notice_id, place)
);

-- Whoever is told something: `next_at` keeps the vendor's pace, `busy_until` and `turn` are lease and fence.
create table notice_targets (
    channel     text not null,
    target      text not null,
    next_at     timestamptz not null,
    busy_until  timestamptz,
    turn        bigint not null default 0,
    constraint notice_targets_pkey primary key (channel, target)
);

create table notice_deliveries (
    notice_id   uuid not null references notices (id) on delete cascade,
    channel     text not null,
    target      text not null,
    state       text not null
        constraint notice_deliveries_state_known check (state in ('waiting', 'delivered', 'failed')),
    created_at  timestamptz not null,
    due_at      timestamptz not null,
    tries       integer not null default 0,
    last_code   text,
    last_text   text,
    vendor_id   text,
    left_out    text[] not null default '{}',
    ended_at    timestamptz,
    constraint notice_deliveries_pkey primary key (notice_id, channel, target)
);
create index notice_deliveries_waiting on notice_deliveries (channel, target, due_at) where state = 'waiting';
