-- name: store_events
-- Raw webhooks as they came, their bodies in one piece, and one row that names those which are to be applied.
with stored as (
    insert into inbound_events (id, instance, kind, body)
    select r.id, r.instance, r.kind, substring(%(bodies)s::bytea from r.first for r.bytes)
    from unnest(%(ids)s::uuid[], %(instances)s::text[], %(kinds)s::text[], %(firsts)s::integer[], %(bytes)s::integer[])
        as r (id, instance, kind, first, bytes)
)
insert into inbound_unapplied (event_ids)
select %(told)s::uuid[] where cardinality(%(told)s::uuid[]) > 0
returning id, created_at
