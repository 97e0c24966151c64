-- name: answers
-- The cheapest question there is.
select 1 as one

-- name: applied_revision
-- Which migrations this database has.
select version_num from alembic_version

-- name: workers
-- Processes that are expected to be there: every start that was not stopped in order, for an hour after its last word.
select id, role, host, pid, extract(epoch from heartbeat_at)::float8 as heard_at,
    reaped_at is null and heartbeat_at > now() - make_interval(secs => %(lease_seconds)s) as up
from workers
where stopped_at is null and heartbeat_at > now() - interval '1 hour'
order by heartbeat_at desc limit 100

-- name: lost_in_flight
-- Being sent by nobody: the worker is silent for longer than its lease, or the request is older than any may get.
select count(*)::integer as n
from messages m left join workers w on w.id = m.worker_id
where m.open and m.state = 'sending'
    and (w.id is null or w.reaped_at is not null
        or w.heartbeat_at < now() - make_interval(secs => %(lease_seconds)s)
        or m.intent_at < now() - make_interval(secs => %(longest_seconds)s))
