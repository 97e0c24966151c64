-- What became of each try to back something up; the backups themselves are told by their target.
create table backups (
    id uuid primary key,
    kind text not null,
    tier text not null,
    at timestamptz not null default now(),
    name text,
    made_at timestamptz,
    bytes bigint,
    key_id text,
    place text not null,
    failed text,
    verified_at timestamptz,
    constraint backups_good_or_failed check ((name is null) = (failed is not null)),
    constraint backups_good_is_whole check (name is null or (made_at is not null and bytes >= 0 and key_id is not null))
);
create index backups_newest on backups (kind, tier, at desc);
