-- name: claim_keys
-- Takes the idempotency keys of a group commit, sorted so that two commits never wait for each other in a circle.
insert into idempotency (owner, key, hash, message_ids)
select owner, key, hash, array(select jsonb_array_elements_text(ids::jsonb)::uuid)
from unnest(%(owners)s::text[], %(keys)s::text[], %(hashes)s::bytea[], %(ids)s::text[]) as k (owner, key, hash, ids)
order by owner, key
on conflict do nothing

-- name: read_keys
-- Who holds each key now: ourselves, or an earlier request.
select i.owner, i.key, i.hash, i.message_ids
from unnest(%(owners)s::text[], %(keys)s::text[]) as k (owner, key)
join idempotency i using (owner, key)

-- name: release_keys
-- Gives back the keys of a request that is refused for another of its keys.
delete from idempotency i
using unnest(%(owners)s::text[], %(keys)s::text[]) as k (owner, key)
where i.owner = k.owner and i.key = k.key

-- name: amend_key
-- The request's key names the messages it ended with, some of them an earlier request's.
update idempotency set message_ids = %(ids)s where owner = %(owner)s and key = %(key)s

-- name: insert_contacts
-- A row per person, sorted by phone for the same reason.
insert into contacts (id, phone)
select id, phone from unnest(%(ids)s::uuid[], %(phones)s::text[]) as c (id, phone)
order by phone
on conflict do nothing

-- name: read_contacts
-- The contact of each phone.
select phone, id from contacts where phone = any (%(phones)s::text[])

-- name: insert_messages
-- The rows of a commit, in the callers' order: the ordinal is the order of sending. What is scheduled has none yet. What
-- is queued is listed in the outbox, whose row lives until it reached its lane; back comes what the lanes must know.
with stored as (
    insert into messages (
        id, account, instance, contact_id, recipient, content, kind, fingerprint, class, priority, tags, campaign_id,
        client_ref, send_at, send_zone, expires_at, state, ordinal, eligible_at, template
    )
    select
        id, account, instance, contact_id, recipient, content, kind, fingerprint, class, priority,
        array(select jsonb_array_elements_text(tags::jsonb)), campaign_id, client_ref, send_at, send_zone, expires_at,
        state, case when state = 'queued' then nextval('message_ordinal') end,
        case when state = 'queued' then now() end,
        case when kind = 'template' then convert_from(content, 'UTF8')::json ->> 'name' end
    from (
        select * from unnest(
            %(ids)s::uuid[], %(accounts)s::text[], %(instances)s::text[], %(contact_ids)s::uuid[],
            %(recipients)s::text[], %(contents)s::bytea[], %(kinds)s::text[], %(fingerprints)s::text[],
            %(classes)s::text[], %(priorities)s::smallint[], %(tags)s::text[], %(campaign_ids)s::uuid[],
            %(client_refs)s::text[], %(send_ats)s::timestamptz[], %(send_zones)s::text[],
            %(expires_ats)s::timestamptz[], %(states)s::text[]
        ) with ordinality as m (
            id, account, instance, contact_id, recipient, content, kind, fingerprint, class, priority, tags,
            campaign_id, client_ref, send_at, send_zone, expires_at, state, place
        )
        order by place
    ) as drafts
    returning id, instance, recipient, priority, ordinal, class, campaign_id, template
), tallied as (
    insert into tally_deltas (at, instance, campaign_id, template, class, what, n)
    select quarter(now()), instance, campaign_id, template, class, 'accepted', count(*)
    from stored group by instance, campaign_id, template, class
), listed as (
    insert into outbox (message_ids)
    select array_agg(id order by ordinal) from stored where ordinal is not null having count(*) > 0
    returning id
)
select l.id, s.id, s.instance, s.recipient, s.priority, s.ordinal
from stored s cross join listed l
where s.ordinal is not null
order by s.ordinal

-- name: insert_outbox
-- The ids that must reach the lanes; the row lives until they did.
insert into outbox (message_ids) values (%(ids)s::uuid[]) returning id

-- name: delete_outbox
-- The ids reached the lanes.
delete from outbox where id = any (%(ids)s::bigint[])

-- name: oldest_outbox_seconds
-- How long the oldest accepted message has been waiting to reach its lane.
select coalesce(extract(epoch from now() - (select created_at from outbox order by id limit 1)), 0)::float8 as seconds
