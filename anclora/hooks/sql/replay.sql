-- name: count_replay
-- How many events of a span it would be told, counted up to a bound.
select count(*)::integer as n from (
    select from events e join hooks h on h.id = %(id)s
    where e.id >= %(low)s and e.id < %(high)s
        and (h.types && array[e.type, split_part(e.type, '.', 1) || '.*', '*'] and e.type <> 'hook.test'
            or e.type = 'hook.test' and e.subject = 'hook:' || h.id)
    limit %(most)s
) e

-- name: replay
-- Tells it events of a span: those it was never told, and those given up; with `again` also those it took already. What
-- waits still stays as it is.
insert into hook_deliveries as d (event_id, hook_id, ordinal, subject, created_at, due_at)
select e.id, h.id, e.ordinal, e.subject, %(now)s, %(now)s
from events e
join hooks h on h.id = %(id)s
where e.id >= %(low)s and e.id < %(high)s
    and (h.types && array[e.type, split_part(e.type, '.', 1) || '.*', '*'] and e.type <> 'hook.test'
        or e.type = 'hook.test' and e.subject = 'hook:' || h.id)
on conflict (event_id, hook_id) do update
    set state = 'waiting', created_at = excluded.created_at, due_at = excluded.due_at, alone = 0, first_tried_at = null,
        ended_at = null
    where d.state = 'failed' or (d.state in ('delivered', 'aside') and %(again)s)
returning d.event_id
