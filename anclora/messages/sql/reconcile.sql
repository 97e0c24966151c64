-- name: sent_by_quarter
-- What limited numbers let out in the last day, by quarters of an hour since the epoch. Requests still open have no
-- attempt row yet. A message is at most `since_id` old when it is tried.
select instance, floor(extract(epoch from intent_at) / 900)::bigint as quarter, count(*)::integer as n,
    (extract(epoch from max(intent_at)) * 1000)::bigint as latest_ms
from (
    select a.instance, a.intent_at from attempts a
    where a.message_id >= %(since_id)s and a.intent_at > now() - interval '24 hours 15 minutes'
        and a.outcome not in ('returned', 'refused') and a.instance = any (%(instances)s::text[])
    union all
    select m.instance, m.intent_at from messages m
    where m.open and m.state = 'sending' and m.instance = any (%(instances)s::text[])
) as sends
group by 1, 2

-- name: people_of_the_day
-- To whom such a number wrote in the last day, first and last.
select instance, recipient,
    (extract(epoch from min(intent_at)) * 1000)::bigint as first_ms,
    (extract(epoch from max(intent_at)) * 1000)::bigint as last_ms
from (
    select a.instance, m.recipient, a.intent_at from attempts a join messages m on m.id = a.message_id
    where a.message_id >= %(since_id)s and m.id >= %(since_id)s
        and a.intent_at > now() - make_interval(secs => %(window_seconds)s)
        and a.outcome not in ('returned', 'refused') and a.instance = any (%(instances)s::text[])
    union all
    select m.instance, m.recipient, m.intent_at from messages m
    where m.open and m.state = 'sending' and m.instance = any (%(instances)s::text[])
) as sends
group by 1, 2

-- name: open_messages
-- Everything a lane should hold, in the order of sending.
select id, instance, recipient, priority, ordinal, next_attempt_at from messages
where open and hold_reason is null
order by ordinal

-- name: due_messages
-- One page of the queued messages that are due, for the comparison with the lanes; what is not settled may still be on
-- its way there.
select id, instance, recipient, priority, next_attempt_at, ordinal,
    greatest(state_at, next_attempt_at) < now() - interval '10 seconds' as settled
from messages
where open and state = 'queued' and hold_reason is null and next_attempt_at <= now()
    and (instance, recipient, priority, ordinal)
        > (%(instance)s, %(recipient)s, %(priority)s::smallint, %(ordinal)s::bigint)
order by instance, recipient, priority, ordinal
limit %(limit)s

-- name: still_open
-- Which of these a lane should hold.
select id from messages where id = any (%(ids)s::uuid[]) and open and hold_reason is null

-- name: rightly_gone
-- Which of these a lane drops by itself when it comes to them: stopped by somebody, or kept back by a gate.
select id from messages
where id = any (%(ids)s::uuid[])
    and (state in ('canceled', 'expired', 'blocked', 'scheduled') or (open and hold_reason is not null))

-- name: forget_run
-- The lanes are to be rebuilt, whatever Redis this is.
update queue_epoch set run_id = '' returning epoch
