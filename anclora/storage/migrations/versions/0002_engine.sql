-- What operators change at run time, and the marks of a message that the provider took and nobody acknowledged.

-- What becomes of a doubt that nothing ended, by class of message: hold it for a person, or send it again.
create table classes (
    class    text primary key constraint classes_known check (class in ('reply', 'utility', 'marketing')),
    unknown  text not null default 'hold' constraint classes_unknown_known check (unknown in ('hold', 'resend'))
);
insert into classes (class) values ('reply'), ('utility'), ('marketing');

-- The first word of WhatsApp's own servers about a message; `rank` 1 may also be our provider's.
alter table provider_messages add column acked_at timestamptz;
-- Read by the time of making, a few minutes at once; a tree would cost every insert.
create index provider_messages_created on provider_messages using brin (created_at);
create index messages_stalled on messages (stalled_at) where stalled_at is not null;
