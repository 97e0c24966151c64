-- name: lock_fan_out
-- One at a time: what is passed on side by side could overtake. Whoever comes second has nothing to do.
select pg_try_advisory_xact_lock(1634627436)

-- name: take_unread
-- What was appended and nobody passed on yet, the first first. It goes with the transaction that passes it on, so each is
-- passed on exactly once, whenever the transaction that appended it ended.
delete from events_unread where id = any (array(select id from events_unread order by id limit %(limit)s))
returning event_ids

-- name: fan_out
-- A delivery for each event and each subscription that wants its type.
insert into hook_deliveries (event_id, hook_id, ordinal, subject, created_at, due_at)
select e.id, h.id, e.ordinal, e.subject, %(now)s, %(now)s
from events e
join hooks h on h.types && array[e.type, split_part(e.type, '.', 1) || '.*', '*']
where e.id = any (%(ids)s::uuid[])
on conflict do nothing

-- name: append_test
-- An event for one subscription alone; nobody else passes it on.
with told as (
    insert into events (id, type, subject, instance, at, data)
    values (%(event_id)s, 'hook.test', 'hook:' || %(id)s::uuid, '', %(now)s, %(data)s)
    returning id, subject, ordinal
)
insert into hook_deliveries (event_id, hook_id, ordinal, subject, created_at, due_at)
select id, %(id)s, ordinal, subject, %(now)s, %(now)s from told
