-- name: mark_stalled
-- Taken by the provider in a span of time, still `sent`, and no server of WhatsApp has said a word.
with silent as materialized (
    select p.message_id from provider_messages p
    where p.created_at >= %(since)s and p.created_at < %(until)s
        and p.acked_at is null and p.message_id is not null and p.error_at is null and p.rank < 2
), locked as materialized (
    select m.id from messages m
    where m.id = any (array(select message_id from silent)) and m.state = 'sent' and m.stalled_at is null
    order by m.id
    for update
)
update messages m set stalled_at = now() from locked l where m.id = l.id
returning m.id, m.instance

-- name: unmark_stalled
-- A word came after all, or the message went on without it.
with moved as materialized (
    select m.id from messages m
    where m.stalled_at is not null
        and (m.state <> 'sent' or exists (
            select from provider_messages p
            where p.instance = m.instance and p.provider_id = m.provider_id and p.acked_at is not null))
    order by m.id limit %(limit)s
    for update
)
update messages m set stalled_at = null from moved v where m.id = v.id

-- name: read_stalled
-- The marked ones to look up, the newest first: of an old one nothing new is to be learned.
select id, instance, provider_id from messages
where stalled_at is not null and provider_id is not null
order by stalled_at desc limit %(limit)s

-- name: count_stalled
-- How many are marked, by number.
select instance, count(*)::integer as n from messages where stalled_at is not null group by instance
