-- name: read_people
-- Everybody who can be on call.
select name, ways from oncall_people order by name

-- name: read_duties
-- Who has which duty.
select duty, person from oncall_duties

-- name: read_rotations
-- Every rotation that was ever set; the past stays as it was.
select id, layer, starts_on, at, zone, people from oncall_rotations order by starts_on, layer

-- name: read_overrides
-- Overrides that are not over yet at a moment.
select id, layer, person, starts_at, ends_at, why, swap_id, created_at
from oncall_overrides where canceled_at is null and ends_at > %(since)s order by starts_at, created_at

-- name: read_holidays
-- Days off that are not over yet at a moment.
select id, first_day, last_day, person, name from oncall_holidays where last_day >= %(since)s::date - 1 order by first_day, id

-- name: read_handoffs
-- The latest hand-offs.
select id, at, from_person, to_person, notes, document, posted_at, accepted_at, accepted_by, warned_at, settled_at
from oncall_handoffs order by at desc limit %(limit)s

-- name: put_person
-- Somebody, with how they are reached.
insert into oncall_people (name, ways, created_at) values (%(name)s, %(ways)s, %(now)s)
on conflict (name) do update set ways = excluded.ways

-- name: lock_people
-- Changes of the roster go one after the other, so that nobody is removed while a turn is given to them.
select pg_advisory_xact_lock(1634627437)

-- name: person_is_named
-- Whether a rotation, an override that is not over, or a duty names somebody.
select exists (select from oncall_rotations r where %(name)s = any (r.people) and not exists (
        select from oncall_rotations later
        where later.layer = r.layer and later.starts_on > r.starts_on and later.starts_on < %(now)s::date - 8))
    or exists (select from oncall_overrides where person = %(name)s and canceled_at is null and ends_at > %(now)s)
    or exists (select from oncall_duties where person = %(name)s) as named

-- name: remove_person
-- Ends how somebody is reached; the name stays in what happened.
update oncall_people set ways = '{}' where name = %(name)s returning name

-- name: forget_person
-- Somebody whom nothing names.
delete from oncall_people p where p.name = %(name)s
    and not exists (select from oncall_overrides o where o.person = p.name)
    and not exists (select from oncall_holidays h where h.person = p.name)
    and not exists (select from oncall_handoffs h where p.name in (h.from_person, h.to_person))
returning name

-- name: put_duty
-- Who has a duty from now on.
insert into oncall_duties (duty, person, since) values (%(duty)s, %(person)s, %(now)s)
on conflict (duty) do update set person = excluded.person, since = excluded.since

-- name: put_rotation
-- A rotation; one of the same layer and day is replaced.
insert into oncall_rotations (id, layer, starts_on, at, zone, people, created_at)
values (%(id)s, %(layer)s, %(starts_on)s, %(at)s, %(zone)s, %(people)s, %(now)s)
on conflict (layer, starts_on) do update
    set at = excluded.at, zone = excluded.zone, people = excluded.people, created_at = excluded.created_at
returning id, layer, starts_on, at, zone, people

-- name: put_override
-- Somebody else, for a while.
insert into oncall_overrides (id, layer, person, starts_at, ends_at, why, swap_id, created_at, created_by)
values (%(id)s, %(layer)s, %(person)s, %(starts_at)s, %(ends_at)s, %(why)s, %(swap_id)s, %(now)s, %(actor)s)
returning id, layer, person, starts_at, ends_at, why, swap_id, created_at

-- name: cancel_override
-- Ends an override, or both halves of a swap.
update oncall_overrides set canceled_at = %(now)s
where (id = %(id)s or swap_id = %(id)s) and canceled_at is null and ends_at > %(now)s
returning id

-- name: put_holiday
-- Days off.
insert into oncall_holidays (id, first_day, last_day, person, name, created_at)
values (%(id)s, %(first_day)s, %(last_day)s, %(person)s, %(name)s, %(now)s)
returning id, first_day, last_day, person, name

-- name: remove_holiday
-- Days off that are none.
delete from oncall_holidays where id = %(id)s returning id, name
