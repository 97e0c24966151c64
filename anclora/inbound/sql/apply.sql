-- name: set_states
-- What the provider says of the connection of our numbers. A `close` after a logout is the same end: it stays logged out.
-- What arrived long before the last word (the sweep applies such) says nothing any more; clocks may differ by a second.
update instances i set state = s.state, state_at = greatest(i.state_at, s.at), state_reason = s.reason
from unnest(%(names)s::text[], %(states)s::text[], %(ats)s::timestamptz[], %(reasons)s::integer[])
    as s (name, state, at, reason)
where i.name = s.name and i.state <> s.state and not (i.state = 'logged_out' and s.state = 'close')
    and i.state_at < s.at + interval '1 second'

-- name: forget_unapplied
-- They are applied.
delete from inbound_unapplied where id = any (%(ids)s::bigint[])

-- name: mark_event
-- It is stored and could not be applied.
update inbound_events set error = %(error)s where id = %(id)s

-- name: stale_unapplied
-- Commits of webhooks that nobody applied in time: oldest first. Skips rows another sweep is holding.
select id, created_at, event_ids, extract(epoch from now() - created_at)::float8 as waited_seconds
from inbound_unapplied
where created_at < now() - make_interval(secs => %(after_seconds)s)
order by id limit %(limit)s
for update skip locked

-- name: read_events
-- Stored webhooks, in the order they came, with the provider of their number.
select e.id, e.instance, i.provider, e.body from inbound_events e left join instances i on i.name = e.instance
where e.id = any (%(ids)s::uuid[])
order by e.id
