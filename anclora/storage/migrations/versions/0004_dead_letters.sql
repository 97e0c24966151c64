-- The dead-letter queue: a row as long as a message is dead. An index on `messages.state` would end its HOT updates, so
-- this small table is what is searched; the message says what happened.
create table dead_letters (
    message_id   uuid primary key,
    died_at      timestamptz not null default now(),
    instance     text not null,
    reason_code  text not null
);
insert into dead_letters (message_id, died_at, instance, reason_code)
select id, state_at, instance, coalesce(reason_code, 'unknown') from messages where state = 'dead';
