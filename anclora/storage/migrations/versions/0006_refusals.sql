-- How failures are tried again, and what rests because a provider refused.

-- What differs from the program's own choice; null = as it is there. A failure is a scope of refusals or a reason code.
create table retries (
    failure       text primary key,
    tries         integer,
    base_seconds  float8,
    factor        float8,
    cap_seconds   float8,
    jitter        float8
);

-- What rests below a whole number (that one has `instances.paused_until`): one person, a class of messages, or both;
-- '' = every. The probe is the message that may go before the others.
create table rests (
    instance   text not null,
    recipient  text not null default '',
    class      text not null default '',
    until      timestamptz not null,
    reason     text not null,
    probe      uuid,
    constraint rests_pkey primary key (instance, recipient, class)
);

-- Our own reference, where a provider sends it back with its events.
alter table provider_messages add column reference text;
