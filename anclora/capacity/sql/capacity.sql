-- name: count_workers
-- Dispatch processes that give signs of life.
select count(*)::integer as n from workers
where role = 'dispatch' and stopped_at is null and reaped_at is null
    and heartbeat_at > %(now)s::timestamptz - make_interval(secs => %(lease_seconds)s)

-- name: count_waiting
-- What is queued, and what is scheduled to go until a moment (null = nothing of that).
select (select count(*) from messages where open and state = 'queued')::integer as queued,
    (select count(*) from messages where ordinal is null and state = 'scheduled' and send_at < %(until)s)::integer as due

-- name: answer_seconds
-- How long requests that sent a message were open: the middle one of a day's, of at most 20,000.
select percentile_cont(0.5) within group (order by extract(epoch from finished_at - intent_at))::float8 as seconds
from (
    select finished_at, intent_at from attempts
    where message_id >= %(since_id)s and outcome = 'sent' order by message_id desc limit 20000
) a

-- name: first_hour
-- When the first message was accepted, by the figures.
select min(at) as at from tallies where grain = 60 and accepted > 0 and at >= %(since)s

-- name: incidents_of
-- How often each alert became an incident.
select name, count(*)::integer as times, max(starts_at) as last_at from incidents
where name = any (%(names)s) and starts_at >= %(since)s
group by name

-- name: last_answer
-- The last month Cost Explorer told of.
select month, asked_at, answer from cost_answers where tag = %(tag)s order by month desc limit 1
