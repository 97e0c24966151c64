-- name: count_states
-- How many messages stand where.
select state, count(*)::integer as n from messages group by state

-- name: sending_of
-- How many requests the process with this pid has open now.
select count(*)::integer as n from messages m join workers w on w.id = m.worker_id
where m.state = 'sending' and w.pid = %(pid)s and w.reaped_at is null

-- name: final_states
-- Where each message ended.
select recipient, content, state from messages

-- name: latencies
-- From accepted to sent, in seconds.
select percentile_cont(array[0.5, 0.95, 0.99]) within group (order by extract(epoch from sent_at - created_at)) as p,
    extract(epoch from max(sent_at) - min(created_at))::float8 as seconds, count(*)::integer as n
from messages where sent_at is not null

-- name: doubts
-- How many attempts ended without an answer, and how many of their messages found their end.
select count(distinct a.message_id)::integer as n,
    (count(distinct a.message_id) filter (where m.state in ('sent', 'delivered', 'read', 'played', 'failed')))::integer as ended
from attempts a join messages m on m.id = a.message_id
where a.outcome in ('unknown', 'orphaned')
