-- Who is on call. `ways` = channel name -> targets of it, as notices name them.
create table oncall_people (
    name        text primary key constraint oncall_people_name_short check (length(name) between 1 and 60),
    ways        jsonb not null default '{}',
    created_at  timestamptz not null
);

-- Duties that do not rotate: who is called when an incident lasts.
create table oncall_duties (
    duty    text primary key constraint oncall_duties_known check (duty in ('devops_lead', 'cto')),
    person  text not null references oncall_people (name),
    since   timestamptz not null
);

-- A rotation holds from its first hand-off until the next one of its layer begins. The wall time and its zone are stored;
-- the moment of each hand-off is computed, so that ten o'clock stays ten o'clock when the clocks change.
create table oncall_rotations (
    id          uuid primary key,
    layer       text not null constraint oncall_rotations_layer_known check (layer in ('primary', 'backup')),
    starts_on   date not null,
    at          time not null,
    zone        text not null,
    people      text[] not null constraint oncall_rotations_people_some check (cardinality(people) > 0),
    created_at  timestamptz not null,
    constraint oncall_rotations_one_a_day unique (layer, starts_on)
);

-- Somebody else, for a while. The one made last wins. Two of one `swap_id` are a swap of weeks.
create table oncall_overrides (
    id           uuid primary key,
    layer        text not null constraint oncall_overrides_layer_known check (layer in ('primary', 'backup')),
    person       text not null references oncall_people (name),
    starts_at    timestamptz not null,
    ends_at      timestamptz not null,
    why          text not null,
    swap_id      uuid,
    created_at   timestamptz not null,
    created_by   text not null,
    canceled_at  timestamptz,
    constraint oncall_overrides_forwards check (ends_at > starts_at)
);
create index oncall_overrides_ends on oncall_overrides (ends_at) where canceled_at is null;

-- Days off: of one person, or (person null) of everybody, which no business hour falls on.
create table oncall_holidays (
    id          uuid primary key,
    first_day   date not null,
    last_day    date not null,
    person      text references oncall_people (name),
    name        text not null,
    created_at  timestamptz not null,
    constraint oncall_holidays_forwards check (last_day >= first_day)
);

-- A shift passing from one to the next; until `accepted_at` the one before stays responsible.
create table oncall_handoffs (
    id           uuid primary key,
    at           timestamptz not null constraint oncall_handoffs_one_a_moment unique,
    from_person  text not null references oncall_people (name),
    to_person    text not null references oncall_people (name),
    notes        text not null default '',
    document     text,
    created_at   timestamptz not null,
    posted_at    timestamptz,
    accepted_at  timestamptz,
    accepted_by  text,
    warned_at    timestamptz,
    settled_at   timestamptz
);
