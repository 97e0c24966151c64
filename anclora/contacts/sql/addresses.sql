-- name: read_owners
-- Whose these addresses are: phones by the contact's own row, all others by `addresses`; who was merged counts as the
-- one he was merged into.
select 'phone' as kind, c.phone as value, coalesce(c.merged_into, c.id) as contact_id, coalesce(a.pinned, false) as pinned,
    a.value is not null as written
from contacts c left join addresses a on a.kind = 'phone' and a.value = c.phone
where c.phone = any (%(phones)s::text[])
union all
select a.kind, a.value, a.contact_id, a.pinned, true from addresses a
where (a.kind, a.value) in (select * from unnest(%(kinds)s::text[], %(values)s::text[])) and a.kind <> 'phone'

-- name: lock_addresses
-- Whoever learns something new about addresses does it alone; those who meet known ones do not wait.
select pg_advisory_xact_lock(1634624353)

-- name: make_contacts
-- A row for each number, and for a person without one.
insert into contacts (id, phone) select id, phone from unnest(%(ids)s::uuid[], %(phones)s::text[]) as c (id, phone)
order by phone
on conflict (phone) do nothing

-- name: write_addresses
-- Addresses of contacts, each with what shows it; the first evidence stands.
insert into addresses (kind, value, contact_id, evidence, since)
select kind, value, contact_id, evidence, since
from unnest(
    %(kinds)s::text[], %(values)s::text[], %(contact_ids)s::uuid[], %(evidences)s::text[], %(sinces)s::timestamptz[]
) as a (kind, value, contact_id, evidence, since)
order by kind, value
on conflict (kind, value) do update set since = least(addresses.since, excluded.since)

-- name: lock_pair
-- Two contacts that are about to become one, as they are.
select id, phone, opted_out_at, opt_out_reason, last_inbound_at, zone, name, merged_into from contacts
where id = any (%(ids)s::uuid[])
order by id
for update

-- name: move_addresses
-- The addresses of one contact become another's.
update addresses set contact_id = %(winner)s where contact_id = %(loser)s returning kind, value

-- name: point_at
-- The loser, and whoever was merged into it before, point at the winner.
update contacts set merged_into = %(winner)s where id = %(loser)s or merged_into = %(loser)s returning id

-- name: share_facts
-- What was known of either is known of both; an opt-out of one is one of both.
update contacts c
set opted_out_at = coalesce(c.opted_out_at, %(opted_out_at)s),
    opt_out_reason = case when c.opted_out_at is null then %(opt_out_reason)s else c.opt_out_reason end,
    last_inbound_at = greatest(c.last_inbound_at, %(last_inbound_at)s),
    zone = coalesce(c.zone, %(zone)s),
    name = coalesce(c.name, %(name)s)
where c.id = %(winner)s or c.merged_into = %(winner)s

-- name: store_merge
-- What was merged, and what goes back when it was wrong.
insert into contact_merges (id, actor, winner, loser, evidence, moved)
values (%(id)s, %(actor)s, %(winner)s, %(loser)s, %(evidence)s, %(moved)s)

-- name: last_merge
-- The merge that made a contact part of another, or an address.
select id, winner, loser, moved from contact_merges
where undone_at is null and winner = %(winner)s and (loser = %(loser)s or moved -> 'addresses' @> %(address)s::jsonb)
order by at desc, id desc limit 1
for update

-- name: end_merge
-- It is undone.
update contact_merges set undone_at = now() where id = %(id)s

-- name: give_addresses_back
-- They are the loser's again, because somebody said so: evidence moves them no more.
update addresses a set contact_id = %(contact_id)s, pinned = true
from unnest(%(kinds)s::text[], %(values)s::text[]) as m (kind, value)
where a.kind = m.kind and a.value = m.value

-- name: restore_contacts
-- Who pointed at the loser before does so again, and the loser at nobody.
update contacts set merged_into = case when id = %(loser)s then null else %(loser)s end
where id = any (%(ids)s::uuid[])

-- name: restore_opt_out
-- An opt-out that came from the other alone is taken back; one that was said since stays.
update contacts set opted_out_at = null, opt_out_reason = null
where id = any (%(ids)s::uuid[]) and opted_out_at = %(copied)s

-- name: pin_alone
-- One address becomes a contact of its own, because somebody said so.
insert into addresses (kind, value, contact_id, evidence, since, pinned)
values (%(kind)s, %(value)s, %(contact_id)s, %(evidence)s, now(), true)
on conflict (kind, value) do update set contact_id = excluded.contact_id, pinned = true

-- name: read_addresses
-- The addresses of a contact.
select kind, value, evidence, since from addresses where contact_id = %(contact_id)s order by kind desc, since, value

-- name: read_members
-- The rows that are one contact.
select id, phone from contacts where id = %(contact_id)s or merged_into = %(contact_id)s

-- name: touch_people
-- When people last wrote to us: it opens the 24-hour window. Their name, when they told one. Locked in the order of ids.
with told as materialized (
    select * from unnest(%(ids)s::uuid[], %(ats)s::timestamptz[], %(names)s::text[]) as h (id, at, name)
), members as materialized (
    select t.id as row_id, t.at, t.name from told t
    union all
    select c.id, t.at, t.name from told t join contacts c on c.merged_into = t.id
), locked as materialized (
    select c.id from contacts c where c.id = any (array(select row_id from members)) order by c.id for update
)
update contacts c
set last_inbound_at = greatest(c.last_inbound_at, m.at), name = coalesce(m.name, c.name)
from members m
where c.id = any (array(select id from locked)) and c.id = m.row_id

-- name: name_people
-- Names that the provider tells of addresses we know; an empty one never comes here.
with told as materialized (
    select * from unnest(%(kinds)s::text[], %(values)s::text[], %(names)s::text[]) as n (kind, value, name)
), known as materialized (
    select a.contact_id as id, t.name from told t join addresses a on a.kind = t.kind and a.value = t.value
    union
    select c.id, t.name from told t join contacts c on t.kind = 'phone' and c.phone = t.value
)
update contacts c set name = k.name from known k where c.id = k.id and c.name is distinct from k.name
