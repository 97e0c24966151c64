-- name: lock_chain
-- One process seals at a time; false = another does, and that is enough.
select pg_try_advisory_xact_lock(1634627440) as ours

-- name: chain_head
-- The last sealed fact.
select place, hash from audit where place is not null order by place desc limit 1

-- name: unsealed
-- Committed facts without a place, in the order of their ids.
select id, at, actor, action, subject, detail from audit where place is null order by id limit %(limit)s for update

-- name: seal
-- Give them their places.
update audit a set place = s.place, hash = s.hash
from unnest(%(ids)s::uuid[], %(places)s::bigint[], %(hashes)s::bytea[]) as s (id, place, hash)
where a.id = s.id and a.place is null

-- name: read_chain
-- Sealed facts behind a place.
select place, hash, id, at, actor, action, subject, detail from audit
where place > %(after)s order by place limit %(limit)s

-- name: count_late
-- Facts that nobody sealed though they are old enough.
select count(*) as n from audit where place is null and at < %(before)s
