-- name: append_events
-- What happened, in the transaction that made it so, and that nobody has passed it on yet.
with told as (
    insert into events (id, type, subject, instance, at, data)
    select id, type, subject, instance, at, data
    from rows from (json_to_recordset(%(events)s::json)
        as (id uuid, type text, subject text, instance text, at timestamptz, data jsonb)) with ordinality
        as e (id, type, subject, instance, at, data, place)
    order by place
    returning id
)
insert into events_unread (event_ids) select array_agg(id) from told having count(*) > 0

-- name: read_wanted
-- The patterns of every subscription, paused ones too.
select pattern from events_wanted order by pattern
