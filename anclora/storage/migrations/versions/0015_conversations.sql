-- What was heard and no conversation knows of yet, a row for each statement that wrote some; it goes with the transaction
-- that counts it, so each is counted exactly once, whenever the transaction that wrote it ended. `later_at` = it could not
-- be counted, and is tried again then.
create table heard_unread (
    id          bigint generated always as identity primary key,
    created_at  timestamptz not null default now(),
    heard_ids   uuid[] not null,
    later_at    timestamptz
);
-- Talks that go on while this is installed are known from their last three days on.
insert into heard_unread (heard_ids)
select array_agg(id)
from (select id, row_number() over (order by id) / 500 as part from heard where at > now() - interval '3 days') h
group by part
order by part;

-- A conversation of a person with one of our numbers. `merged_into` = it turned out to be a part of that one.
-- `look_at` = when to look next at what we sent and whether it is over; null = never again.
create table conversations (
    id                    uuid primary key,
    instance              text not null,
    contact_id            uuid not null references contacts (id),
    opened_at             timestamptz not null,
    last_in_at            timestamptz not null,
    last_out_at           timestamptz,
    first_response_at     timestamptz,
    first_response_via    text constraint conversations_via_known check (first_response_via in ('api', 'phone')),
    first_response_id     uuid,
    first_response_agent  text,
    closed_at             timestamptz,
    closed_by             text constraint conversations_closed_by_known check (closed_by in ('idle', 'call')),
    closed_why            text,
    handoff_at            timestamptz,
    handoff_reason        text constraint conversations_reason_known check (handoff_reason in (
        'user_request', 'bot_confusion', 'complex_query', 'high_value', 'out_of_scope', 'complaint')),
    handoff_note          text,
    agent                 text,
    claimed_at            timestamptz,
    merged_into           uuid references conversations (id),
    look_at               timestamptz,
    constraint conversations_closed_whole check ((closed_at is null) = (closed_by is null))
);
create unique index conversations_one_open on conversations (instance, contact_id)
    where closed_at is null and merged_into is null;
create index conversations_contact on conversations (contact_id, instance);
create index conversations_due on conversations (look_at) where look_at is not null;
create index conversations_merged on conversations (merged_into) where merged_into is not null;
create index conversations_active on conversations (id) where closed_at is null and merged_into is null;
create index conversations_agent on conversations (agent, id) where agent is not null;
create index conversations_reason on conversations (handoff_reason, id) where handoff_reason is not null;
create index conversations_opened on conversations (opened_at);
create index conversations_closed on conversations (closed_at) where closed_at is not null;
create index conversations_answered on conversations (first_response_at) where first_response_at is not null;

-- What was done with each, never changed.
create table conversation_history (
    id               uuid primary key,
    conversation_id  uuid not null references conversations (id),
    instance         text not null,
    at               timestamptz not null,
    kind             text not null constraint conversation_history_kind_known check (kind in (
        'opened', 'reopened', 'merged', 'handoff', 'claimed', 'released', 'closed')),
    agent            text,
    reason           text,
    note             text,
    actor            text not null
);
create index conversation_history_one on conversation_history (conversation_id, id);
create index conversation_history_handoffs on conversation_history (at) where kind = 'handoff';

-- What we sent to a person, by when it was sent. The update that sets `sent_at` ends `open` too and so was never HOT: the
-- entry costs that update one more insert, and receipts nothing.
create index messages_contact on messages (contact_id, sent_at) where sent_at is not null;
