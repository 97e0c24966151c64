-- A person is known by addresses; a phone is only one of them. Whoever was merged into another stays as a row, since
-- messages name it, and points at the other.
alter table contacts alter column phone drop not null;
alter table contacts add column name text;
alter table contacts add column merged_into uuid references contacts (id);
create index contacts_merged on contacts (merged_into) where merged_into is not null;

create table addresses (
    kind        text not null constraint addresses_kind_known check (kind in ('phone', 'lid', 'cloud')),
    value       text not null,
    contact_id  uuid not null references contacts (id),
    evidence    text not null,
    since       timestamptz not null,
    -- A person said whose it is: evidence moves it no more.
    pinned      boolean not null default false,
    primary key (kind, value)
);
create index addresses_contact on addresses (contact_id);

-- Addresses without a number stood in the place of one so far.
insert into addresses (kind, value, contact_id, evidence, since)
select 'lid', split_part(split_part(phone, '@', 1), ':', 1), min(id::text)::uuid, 'a message from it', min(created_at)
from contacts where phone ~ '^\d+(:\d+)?@lid$'
group by 2;
update contacts set phone = null where phone ~ '^\d+(:\d+)?@lid$';

-- Who became one with whom, by what evidence, and what has to go back when it was wrong.
create table contact_merges (
    id         uuid primary key,
    at         timestamptz not null default now(),
    actor      text not null,
    winner     uuid not null references contacts (id),
    loser      uuid not null references contacts (id),
    evidence   text not null,
    moved      jsonb not null,
    undone_at  timestamptz
);
create index contact_merges_pair on contact_merges (loser, winner);

-- What people said to our numbers (`in`), and what was typed on the phone of one (`phone`). An edit, a deletion, a
-- reaction or a vote is a row of its own that names its target. The id begins with the moment it was said.
create table heard (
    instance     text not null,
    provider_id  text not null,
    id           uuid not null constraint heard_id_unique unique,
    contact_id   uuid,
    direction    text not null constraint heard_direction_known check (direction in ('in', 'phone')),
    at           timestamptz not null,
    heard_at     timestamptz not null default now(),
    peer         text not null,
    kind         text not null,
    text         text,
    said         jsonb,
    target       text,
    quoted       text,
    group_jid    text,
    name         text,
    event_id     uuid,
    primary key (instance, provider_id)
);
create index heard_contact on heard (contact_id, id);
create index heard_target on heard (instance, target) where target is not null;

-- Webhooks that could not be applied, for whoever looks after them.
create index inbound_events_failed on inbound_events (id) where error is not null;

-- Members of webhooks that this version does not know, each once.
create table drift (
    provider  text not null,
    event     text not null,
    member    text not null,
    since     timestamptz not null default now(),
    primary key (provider, event, member)
);

-- When we last listened at all, and to each number: what lies between is a gap.
create table listening (
    instance    text primary key,
    heard_at    timestamptz not null,
    looked_at   timestamptz not null,
    open_since  timestamptz
);

-- Spans in which events may have been lost; each is looked up page by page.
create table gaps (
    id         uuid primary key,
    instance   text not null,
    since      timestamptz not null,
    until      timestamptz not null,
    why        text not null constraint gaps_why_known check (why in ('reconnect', 'silence', 'downtime', 'asked')),
    page       integer not null default 1,
    tries      integer not null default 0,
    retry_at   timestamptz not null,
    done_at    timestamptz,
    error      text,
    heard      integer not null default 0,
    shown      integer not null default 0
);
create index gaps_open on gaps (instance) where done_at is null;
