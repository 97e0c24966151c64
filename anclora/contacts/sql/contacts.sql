-- name: show_contact
-- The contact of a number.
select id, phone, created_at, opted_out_at, opt_out_reason, last_inbound_at, zone from contacts where phone = %(phone)s

-- name: ensure_contact
-- A row for a number nobody has written to yet: people opt out before the first message too.
insert into contacts (id, phone) values (%(id)s, %(phone)s) on conflict do nothing

-- name: opt_out
-- Nothing more goes out to this number; the first opt-out stands.
update contacts set opted_out_at = now(), opt_out_reason = %(reason)s
where phone = %(phone)s and opted_out_at is null
returning id, phone, created_at, opted_out_at, opt_out_reason, last_inbound_at, zone

-- name: opt_in
-- The number may be written to again.
update contacts set opted_out_at = null, opt_out_reason = null
where phone = %(phone)s and opted_out_at is not null
returning id, phone, created_at, opted_out_at, opt_out_reason, last_inbound_at, zone

-- name: set_zone
-- Where a person is, or nothing known but the number.
update contacts set zone = %(zone)s
where phone = %(phone)s and zone is distinct from %(zone)s
returning id, phone, created_at, opted_out_at, opt_out_reason, last_inbound_at, zone
