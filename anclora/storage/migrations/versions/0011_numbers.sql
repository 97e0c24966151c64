-- What is known of a number beyond the provider's word for it, what was done about it, and what must not be disturbed.
alter table instances
    -- Baileys' code of the last close: 401 logged out, 403 banned, 428 closed …
    add column state_reason     integer,
    -- It says it is open, and the traffic says it is not.
    add column stalled_since    timestamptz,
    add column stalled_reason   text,
    -- When WhatsApp last acknowledged one of its messages; a number that never was is not judged by that.
    add column acked_at         timestamptz,
    -- When it last wrote to another number of ours, to be tested.
    add column canary_at        timestamptz,
    -- What was seen before its last remedy says nothing any more.
    add column mended_at        timestamptz,
    -- The mender counts its remedies from here on, and has given up since then.
    add column mends_from       timestamptz,
    add column mend_stopped_at  timestamptz,
    add column mend_note        text,
    -- What integrators heard last.
    add column told             text not null default 'connecting',
    add column told_at          timestamptz not null default now(),
    -- Where its events shall go.
    add column webhook_url      text,
    -- Deleted by us; the provider may show it for some minutes more.
    add column removed_at       timestamptz;

create function instance_word(state text, stalled_since timestamptz) returns text immutable language sql as $$
    select case
        when state = 'open' and stalled_since is not null then 'stalled'
        when state = 'open' then 'connected'
        when state = 'close' then 'disconnected'
        else state
    end
$$;

-- Every change of the word for a number, whoever makes it.
create table instance_history (
    id        bigint generated always as identity primary key,
    instance  text not null,
    at        timestamptz not null default now(),
    was       text not null,
    status    text not null,
    reason    text
);
create index instance_history_of on instance_history (instance, at);

create function instance_changed() returns trigger language plpgsql as $$
begin
    insert into instance_history (instance, was, status, reason)
    values (
        new.name, instance_word(old.state, old.stalled_since), instance_word(new.state, new.stalled_since),
        case
            when new.state = 'open' then new.stalled_reason
            when new.state in ('close', 'logged_out') then 'code ' || new.state_reason
        end
    );
    return null;
end
$$;
create trigger instances_changed after update of state, stalled_since on instances for each row
when (instance_word(old.state, old.stalled_since) <> instance_word(new.state, new.stalled_since))
execute function instance_changed();

-- How many messages a number got in an hour: what is usual, for whoever asks whether silence is.
create table instance_hours (
    instance  text not null,
    hour      timestamptz not null,
    inbound   integer not null,
    constraint instance_hours_pkey primary key (instance, hour)
);

-- Remedies. One number has one at a time.
create table mends (
    id          uuid not null,
    instance    text not null,
    remedy      text not null,
    found       text not null,
    reason      text,
    began_at    timestamptz not null,
    acted_at    timestamptz,
    resumed_at  timestamptz,
    ended_at    timestamptz,
    result      text,
    detail      text,
    constraint mends_pkey primary key (id),
    constraint mends_remedy_known check (remedy in ('connect', 'restart')),
    constraint mends_result_known check (result in ('mended', 'failed', 'not_needed')),
    constraint mends_ended check ((result is null) = (ended_at is null))
);
create index mends_of on mends (instance, began_at);
create unique index mends_open on mends (instance) where ended_at is null;

-- What nobody may disturb by a remedy until then: a pairing of one number, a deploy of all ('').
create table maintenance (
    what      text not null,
    instance  text not null default '',
    until     timestamptz not null,
    actor     text not null,
    why       text,
    constraint maintenance_pkey primary key (what, instance),
    constraint maintenance_what_known check (what in ('pairing', 'deploy'))
);

-- Work that one process does at a time, as long as it says so again and again.
create table duties (
    name    text not null,
    holder  uuid not null,
    until   timestamptz not null,
    constraint duties_pkey primary key (name)
);
