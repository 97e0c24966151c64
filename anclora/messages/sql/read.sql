-- name: get_message
-- One message as it is shown.
select id, state, recipient, instance, kind, content, class, priority, attempt, created_at, send_at, expires_at,
    next_attempt_at, sent_at, delivered_at, read_at, played_at, unknown_at, stalled_at, provider_id, reason_code,
    reason_text, client_ref, tags
from messages where id = %(id)s

-- name: find_messages
-- A page of messages, the newest first. A content of more than 16 KiB, a file inside it, is left out.
select id, state, recipient, instance, kind,
    case when octet_length(content) <= 16384 then content else 'null' end as content,
    class, priority, attempt, created_at, send_at, expires_at, next_attempt_at, sent_at, delivered_at, read_at,
    played_at, unknown_at, stalled_at, provider_id, reason_code, reason_text, client_ref, tags
from messages
where id < %(before)s
    and (%(state)s::text is null or state = %(state)s)
    and (%(instance)s::text is null or instance = %(instance)s)
    and (%(recipient)s::text is null or recipient = %(recipient)s)
order by id desc limit %(limit)s

-- name: find_doubts
-- The same for messages in doubt: few among many, so by the index of their own.
select id, state, recipient, instance, kind,
    case when octet_length(content) <= 16384 then content else 'null' end as content,
    class, priority, attempt, created_at, send_at, expires_at, next_attempt_at, sent_at, delivered_at, read_at,
    played_at, unknown_at, stalled_at, provider_id, reason_code, reason_text, client_ref, tags
from messages
where unknown_at is not null and state = 'unknown' and id < %(before)s
    and (%(instance)s::text is null or instance = %(instance)s)
    and (%(recipient)s::text is null or recipient = %(recipient)s)
order by id desc limit %(limit)s

-- name: message_place
-- What limits a message now, and how many stand before it. Of several gates the widest is told.
select m.state, m.instance, m.recipient, m.class, m.priority, m.ordinal, m.next_attempt_at, m.send_at, m.hold_reason,
    m.hold_until, m.reason_code, m.reason_text, m.created_at, m.intent_at, m.state_at, m.sent_at, m.delivered_at,
    m.read_at, m.played_at, m.blocks_until, m.stalled_at, i.paused_until, i.pause_reason, i.state as instance_state,
    i.state_at as instance_since, k.quiet, c.zone, g.what as gate, g.value as gate_value, g.instance as gate_instance,
    g.why as gate_why, g.closed_at as gate_since,
    (select h.id from messages h
        where h.instance = m.instance and h.recipient = m.recipient and h.priority = m.priority
            and h.ordinal < m.ordinal and h.open
            and (h.state = 'sending' or (h.hold_reason is null and (h.blocks_until is null or h.blocks_until > now())))
        order by h.ordinal limit 1) as blocker,
    (select count(*) from (select from messages q
        where q.instance = m.instance and q.open and q.hold_reason is null
            and (q.priority < m.priority or (q.priority = m.priority and q.ordinal < m.ordinal))
        limit 10000) as before) as position
from messages m
left join instances i on i.name = m.instance
left join contacts c on c.id = m.contact_id
left join classes k on k.class = m.class
left join lateral (
    select g.what, g.value, g.instance, g.why, g.closed_at from gates g
    where g.what = 'all' or (g.what = 'instance' and g.value = m.instance)
        or (g.what = 'priority' and g.value = (array['critical', 'high', 'normal', 'low'])[m.priority + 1]
            and g.instance in ('', m.instance))
        or (g.what = 'class' and g.value = m.class) or (g.what = 'campaign' and g.value = m.campaign_id::text)
        or (g.what = 'tag' and g.value = any (m.tags))
    order by array_position(array['all', 'instance', 'priority', 'class', 'campaign', 'tag'], g.what), g.closed_at
    limit 1
) g on true
where m.id = %(id)s

-- name: message_attempts
-- The attempts of one message.
select attempt, intent_at, finished_at, outcome, code, text from attempts where message_id = %(id)s order by attempt

-- name: message_notes
-- The notes of one message.
select at, kind, detail from message_notes where message_id = %(id)s order by at, id

-- name: cancel
-- Cancel is the same compare-and-set as the intent; a scheduled one leaves the schedule by getting a place.
with changed as (
    update messages
    set state = 'canceled', state_at = now(), reason_code = 'canceled',
        ordinal = coalesce(ordinal, nextval('message_ordinal'))
    where id = %(id)s and state in ('queued', 'scheduled')
    returning id, instance, campaign_id, template, class
), tallied as (
    insert into tally_deltas (at, instance, campaign_id, template, class, what, cause, n)
    select quarter(now()), instance, campaign_id, template, class, 'canceled', 'canceled', 1 from changed
)
select id from changed

-- name: count_queue
-- What the ledger knows of the queue, number by number.
select instance,
    count(*) filter (where state = 'queued')::integer as queued,
    count(*) filter (where state = 'sending')::integer as sending,
    count(*) filter (where state = 'unknown')::integer as unknown,
    count(*) filter (where state = 'queued' and hold_reason is not null)::integer as held,
    coalesce(extract(epoch from now() - min(next_attempt_at) filter (
        where state = 'queued' and hold_reason is null and next_attempt_at <= now())), 0)::float8 as oldest_seconds
from messages where open
group by instance

-- name: count_sending
-- What workers hold now.
select count(*)::integer as n from messages where open and state = 'sending'

-- name: count_scheduled
-- What waits for its time.
select count(*)::integer as scheduled from messages where ordinal is null and state = 'scheduled'

-- name: count_given_up
-- Given up and waiting for a person.
select count(*)::integer as dlq from dead_letters d join messages m on m.id = d.message_id and m.state = 'dead'

-- name: count_sent
-- What went out in a minute, by number, by the ids the provider gave.
select instance, count(*)::integer as n from provider_messages
where created_at >= %(since)s and created_at < %(until)s and message_id is not null
group by instance

-- name: count_errors
-- Messages that ended in the last five minutes: by an attempt, or as dead letters long after their last one; and those of
-- them whose fault is not the person's or the message's own (`theirs` = the codes that mean these). Given up for many
-- refusals has the last one's code.
with tried as materialized (
    select a.message_id, a.attempt, a.outcome, coalesce(a.code, '') as code from attempts a
    where a.message_id >= %(since_id)s and a.finished_at > now() - interval '5 minutes'
), failed as (
    select t.code from tried t join messages m on m.id = t.message_id and m.attempt = t.attempt
    where t.outcome = 'refused' and m.id >= %(since_id)s and m.state in ('failed', 'dead')
    union all
    select d.reason_code from dead_letters d
    where d.died_at > now() - interval '5 minutes' and d.reason_code in ('unknown_outcome', 'too_old')
        and not exists (select from tried t where t.message_id = d.message_id and t.outcome = 'refused')
)
select (select count(*) from failed where code <> all (%(theirs)s::text[]))::integer as bad,
    ((select count(*) from tried where outcome = 'sent') + (select count(*) from failed))::integer as samples
