-- What operators change while everything runs: how fast numbers go, what rests, what is refused.

-- How fast a number goes. Null = what the preset says; no row = the default preset.
create table pacing (
    instance                text primary key references instances (name) on delete cascade,
    preset                  text not null,
    first_day               date not null default current_date,
    per_minute              float8,
    burst                   integer,
    jitter                  float8,
    gap_seconds             float8,
    at_once                 integer,
    per_day                 integer,
    new_recipients_per_day  integer,
    kept_share              float8,
    warm_up                 integer[]
);
