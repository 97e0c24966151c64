-- name: read_checks
-- What the provider said of these numbers, not too long ago.
select number, resolved, checked_at from number_checks
where number = any (%(numbers)s::text[]) and checked_at > now() - make_interval(days => %(days)s)

-- name: write_checks
-- What it says of them now.
insert into number_checks (number, resolved, instance)
select number, resolved, %(instance)s
from unnest(%(numbers)s::text[], %(resolved)s::text[]) as c (number, resolved)
order by number
on conflict (number) do update
    set resolved = excluded.resolved, instance = excluded.instance, checked_at = now()
returning number, resolved, checked_at

-- name: reserve_checks
-- The next turn of an instance, and a part of its day's share; no row = the share is used up, or the turn is too far.
insert into number_check_paces as p (instance, next_at, day, asked, taken)
values (
    %(instance)s, now() + make_interval(secs => %(rest_seconds)s), %(today)s, least(%(count)s::integer, %(bound)s::integer),
    least(%(count)s::integer, %(bound)s::integer)
)
on conflict (instance) do update
    set next_at = greatest(p.next_at, now()) + make_interval(secs => %(rest_seconds)s),
        asked = least(%(bound)s::integer, case when p.day = %(today)s then p.asked else 0 end + %(count)s::integer),
        day = %(today)s,
        taken = least(%(count)s::integer, %(bound)s::integer - case when p.day = %(today)s then p.asked else 0 end)
    where p.next_at < now() + make_interval(secs => %(longest_seconds)s)
        and (p.day <> %(today)s or p.asked < %(bound)s::integer)
returning p.taken, extract(epoch from p.next_at - now())::float8 - %(rest_seconds)s as wait_seconds

-- name: read_check_pace
-- How much of the day's share is used.
select asked from number_check_paces where instance = %(instance)s and day = %(today)s

-- name: forget_checks
-- What was said too long ago to count.
delete from number_checks where ctid = any (array(
    select ctid from number_checks where checked_at < now() - make_interval(days => %(days)s) limit %(limit)s))
