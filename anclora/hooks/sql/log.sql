-- name: find_deliveries
-- A page of what was told to one subscription, the newest event first.
select d.event_id, e.type, d.subject, d.state, d.created_at, d.due_at, d.attempts, d.ended_at, d.last_status, d.last_error
from hook_deliveries d left join events e on e.id = d.event_id
where d.hook_id = %(id)s and d.event_id < %(before)s and (%(state)s::text is null or d.state = %(state)s)
order by d.event_id desc limit %(limit)s

-- name: read_delivery
-- One of them, with what was told.
select d.event_id, d.subject, d.state, d.created_at, d.due_at, d.attempts, d.ended_at, d.last_status, d.last_error,
    d.request_ids, e.type, e.instance, e.at, e.data
from hook_deliveries d left join events e on e.id = d.event_id
where d.hook_id = %(id)s and d.event_id = %(event_id)s

-- name: read_requests
-- Requests by their ids, the last first.
select id, at, webhook_id, cardinality(event_ids) as events, duration_ms, status, error, answer
from hook_requests where id = any (%(ids)s::uuid[]) order by id desc
