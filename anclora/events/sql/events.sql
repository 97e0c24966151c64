-- name: append_events
-- What happened, in the transaction that made it so.
insert into events (id, type, subject, instance, at, data)
select id, type, subject, instance, at, data
from json_to_recordset(%(events)s::json)
    as e (id uuid, type text, subject text, instance text, at timestamptz, data jsonb)
