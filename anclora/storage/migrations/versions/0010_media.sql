-- Files that were uploaded to us; their bytes lie on the disk under the same hash.
create table media (
    hash        text not null constraint media_hash_is_sha256 check (hash ~ '^[0-9a-f]{64}$'),
    bytes       bigint not null,
    mimetype    text not null,
    filename    text,
    created_at  timestamptz not null default now(),
    kept_until  timestamptz not null,
    constraint media_pkey primary key (hash)
);
create index media_kept_until on media (kept_until);

-- Which numbers have WhatsApp, as it was last asked. `resolved` null = none.
create table number_checks (
    number      text not null,
    resolved    text,
    instance    text not null,
    checked_at  timestamptz not null default now(),
    constraint number_checks_pkey primary key (number)
);
create index number_checks_checked_at on number_checks (checked_at);

-- When an instance may ask again, how much it has asked today, and how much the last turn took: whoever asks reserves
-- here first.
create table number_check_paces (
    instance  text not null,
    next_at   timestamptz not null,
    day       date not null,
    asked     integer not null,
    taken     integer not null,
    constraint number_check_paces_pkey primary key (instance)
);
