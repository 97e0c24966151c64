-- name: show_contact
-- One contact.
select id, phone, name, created_at, opted_out_at, opt_out_reason, last_inbound_at, zone from contacts where id = %(id)s

-- name: find_root
-- The contact of an address; who was merged counts as the one he was merged into.
select coalesce(c.merged_into, c.id) as id from contacts c where %(kind)s = 'phone' and c.phone = %(value)s
union all
select a.contact_id from addresses a where a.kind = %(kind)s and a.value = %(value)s
limit 1

-- name: find_row
-- The row of a number.
select id from contacts where phone = %(phone)s

-- name: ensure_contact
-- A row for a number nobody has written to yet: people opt out before the first message too.
insert into contacts (id, phone) values (%(id)s, %(phone)s) on conflict do nothing

-- name: opt_out
-- Nothing more goes out to this person, under any of the numbers; the first opt-out stands.
with one as (select coalesce(merged_into, id) as id from contacts where phone = %(phone)s),
changed as (
    update contacts c set opted_out_at = now(), opt_out_reason = %(reason)s
    from one
    where (c.id = one.id or c.merged_into = one.id) and c.opted_out_at is null
    returning one.id
), tallied as (
    insert into tally_deltas (at, instance, class, what, n)
    select quarter(now()), '', '', 'opt_outs', 1 from changed limit 1
)
select id from changed

-- name: opt_in
-- The person may be written to again.
with one as (select coalesce(merged_into, id) as id from contacts where phone = %(phone)s)
update contacts c set opted_out_at = null, opt_out_reason = null
from one
where (c.id = one.id or c.merged_into = one.id) and c.opted_out_at is not null
returning one.id

-- name: set_zone
-- Where a person is, or nothing known but the number.
with one as (select coalesce(merged_into, id) as id from contacts where phone = %(phone)s)
update contacts c set zone = %(zone)s
from one
where (c.id = one.id or c.merged_into = one.id) and c.zone is distinct from %(zone)s
returning one.id
