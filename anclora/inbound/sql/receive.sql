-- name: store_events
-- Raw webhooks as they came, their bodies in one piece. One that is there already gets the error it turned out to have.
insert into inbound_events (id, instance, kind, body, error)
select r.id, r.instance, r.kind, substring(%(bodies)s::bytea from r.first for r.bytes), r.error
from json_to_recordset(%(rows)s::json) as r (
    id uuid, instance text, kind text, first integer, bytes integer, error text)
on conflict (id) do update set error = excluded.error

-- name: touch_contacts
-- When a person last wrote to us: it opens the 24-hour window. Sorted by phone.
insert into contacts as c (id, phone, last_inbound_at)
select id, phone, at from unnest(%(ids)s::uuid[], %(phones)s::text[], %(ats)s::timestamptz[]) as t (id, phone, at)
order by phone
on conflict (phone) do update set last_inbound_at = greatest(c.last_inbound_at, excluded.last_inbound_at)

-- name: set_states
-- What the provider says of the connection of our numbers. A `close` after a logout is the same end: it stays logged out.
update instances i set state = s.state, state_at = now()
from unnest(%(names)s::text[], %(states)s::text[]) as s (name, state)
where i.name = s.name and i.state <> s.state and not (i.state = 'logged_out' and s.state = 'close')
