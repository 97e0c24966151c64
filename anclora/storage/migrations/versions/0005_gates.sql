-- What operators stopped: a row is a closed gate. The lanes and the intents obey these rows.
create table gates (
    what       text not null,
    value      text not null default '',
    instance   text not null default '',
    why        text,
    actor      text not null,
    closed_at  timestamptz not null default now(),
    constraint gates_what_known check (what in ('all', 'instance', 'priority', 'class', 'campaign', 'tag')),
    primary key (what, value, instance)
);

-- Quiet hours of a class, by the clocks of the people it is for: `21:00-09:00`. A reply is an answer: it never waits.
alter table classes add column quiet text
    constraint classes_quiet_known check (quiet ~ '^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$')
    constraint classes_replies_never_quiet check (quiet is null or class <> 'reply');

-- Null = what the phone number says.
alter table contacts add column zone text;
create index contacts_zone on contacts (zone) where zone is not null;

-- Held messages, by what holds them.
create index messages_held on messages (hold_reason, hold_until, ordinal) where hold_reason is not null;
