-- name: lock_engine
-- One process at a time ticks; whoever comes second has nothing to do.
select pg_try_advisory_xact_lock(1634627440) as mine

-- name: tick
-- The engine works.
insert into escalation_engine (last_tick_at) values (%(now)s)
on conflict (one) do update set last_tick_at = greatest(escalation_engine.last_tick_at, excluded.last_tick_at)

-- name: last_tick
-- When the engine worked last, whoever it was.
select last_tick_at, heartbeat_at from escalation_engine

-- name: take_heartbeat
-- Whoever gets a row tells the outside that the engine works; one does in a while, and nobody when it does not.
update escalation_engine set heartbeat_at = %(now)s
where last_tick_at >= %(now)s::timestamptz - interval '30 seconds'
    and (heartbeat_at is null or heartbeat_at <= %(now)s::timestamptz - make_interval(secs => %(every_seconds)s))
returning heartbeat_at
