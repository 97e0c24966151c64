-- name: claim_hooks
-- Endpoints whose turn it is and that have something due: a batch is full, the first has waited for company long enough, or
-- one that was set aside has its turn. They are ours until the lease ends. Others that claim now skip them.
with due as materialized (
    select h.id from hooks h
    where h.paused_at is null and h.next_at <= %(now)s and (h.busy_until is null or h.busy_until <= %(now)s)
        and (
            exists (
                select from (
                    select d.created_at from hook_deliveries d
                    where d.hook_id = h.id and d.state = 'waiting'
                    order by d.ordinal limit h.batch_size
                ) w
                having count(*) >= h.batch_size
                    or bool_or(w.created_at <= %(now)s - make_interval(secs => h.linger_seconds))
            )
            or exists (
                select from hook_deliveries d where d.hook_id = h.id and d.state = 'aside' and d.due_at <= %(now)s
            )
        )
    order by h.next_at limit %(limit)s
    for update skip locked
)
update hooks h
set busy_until = %(now)s + make_interval(secs => %(lease_seconds)s), turn = h.turn + 1
from due
where h.id = due.id
returning h.id, h.created_at, h.name, h.url, h.types, h.secret, h.old_secret, h.old_secret_until, h.batch_size,
    h.linger_seconds, h.paused_at, h.paused_by, h.paused_why, h.failures, h.failing_since, h.suspect, h.width, h.next_at,
    h.busy_until, h.turn, h.last_ok_at, h.last_error

-- name: due_deliveries
-- What may go to one endpoint now, in order. What is set aside holds back others of its subject. Each part follows an index
-- in order, so the cost does not grow with what waits.
select event_id, ordinal, subject, alone, first_tried_at
from (
    (
        select d.event_id, d.ordinal, d.subject, d.alone, d.first_tried_at from hook_deliveries d
        where d.hook_id = %(hook_id)s and d.state = 'aside' and d.due_at <= %(now)s
        order by d.ordinal limit %(limit)s
    )
    union all
    (
        select d.event_id, d.ordinal, d.subject, d.alone, d.first_tried_at from hook_deliveries d
        where d.hook_id = %(hook_id)s and d.state = 'waiting' and d.subject <> all (array(
            select b.subject from hook_deliveries b
            where b.hook_id = %(hook_id)s and b.state = 'aside' and b.due_at > %(now)s))
        order by d.ordinal limit %(limit)s
    )
) d
order by ordinal limit %(limit)s

-- name: read_told
-- Events as they are posted.
select id, type, at as timestamp, subject, instance, data from events where id = any (%(ids)s::uuid[])

-- name: store_request
-- A line in the log.
insert into hook_requests (id, hook_id, at, webhook_id, event_ids, duration_ms, status, error, answer)
values (%(id)s, %(hook_id)s, %(at)s, %(webhook_id)s, %(event_ids)s, %(duration_ms)s, %(status)s, %(error)s, %(answer)s)

-- name: end_deliveries
-- They were taken, or given up. Whoever took them has them, whatever became of our turn meanwhile.
update hook_deliveries
set state = %(state)s, ended_at = %(now)s, attempts = attempts + 1, last_status = %(status)s, last_error = %(error)s,
    first_tried_at = coalesce(first_tried_at, %(now)s),
    request_ids = (request_ids || %(request_id)s::uuid)[greatest(1, cardinality(request_ids) - 18):]
where hook_id = %(hook_id)s and event_id = any (%(ids)s::uuid[]) and state in ('waiting', 'aside')

-- name: keep_deliveries
-- They failed and go again; the only one of its request is set aside until `due_at`.
update hook_deliveries
set state = case when %(alone)s::integer > 0 then 'aside' else state end, attempts = attempts + 1,
    alone = alone + %(alone)s::integer, due_at = %(due_at)s, last_status = %(status)s,
    last_error = %(error)s, first_tried_at = coalesce(first_tried_at, %(now)s),
    request_ids = (request_ids || %(request_id)s::uuid)[greatest(1, cardinality(request_ids) - 18):]
where hook_id = %(hook_id)s and event_id = any (%(ids)s::uuid[]) and state in ('waiting', 'aside')

-- name: end_turn
-- How the endpoint fares, by the word of whoever had the last turn.
update hooks
set busy_until = null, failures = %(failures)s, failing_since = %(failing_since)s, suspect = %(suspect)s,
    width = %(width)s, next_at = %(next_at)s,
    last_ok_at = coalesce(%(last_ok_at)s, last_ok_at), last_error = coalesce(%(last_error)s, last_error)
where id = %(id)s and turn = %(turn)s
returning id

-- name: give_up_lost
-- Their events are no longer kept, so there is nothing to tell.
update hook_deliveries set state = 'failed', ended_at = %(now)s, last_error = 'the event is no longer kept'
where hook_id = %(hook_id)s and event_id = any (%(ids)s::uuid[]) and state in ('waiting', 'aside')
