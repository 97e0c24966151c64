-- name: count_tries
-- Requests to the providers that ended in a span.
select count(*)::integer as count, count(*) filter (where outcome = 'refused')::integer as refused,
    count(*) filter (where outcome in ('unknown', 'orphaned'))::integer as unknown
from attempts
where message_id >= %(low)s and message_id < %(high)s and finished_at >= %(since)s and finished_at < %(until)s

-- name: count_dead
-- What waits for a person's decision, died by the end of a span.
select count(*)::integer as count
from dead_letters d join messages m on m.id = d.message_id and m.state = 'dead'
where d.died_at < %(until)s
