-- name: beat
-- We listen: the moment we did so last comes back, null for the first time. The row without a name is our own.
with before as materialized (
    select heard_at from listening where instance = '' for update
), kept as (
    insert into listening as l (instance, heard_at, looked_at) values ('', %(now)s, %(now)s)
    on conflict (instance) do update set heard_at = greatest(l.heard_at, excluded.heard_at)
)
select (select heard_at from before) as heard_at

-- name: heard_from
-- Something came from these numbers just now.
insert into listening as l (instance, heard_at, looked_at)
select i.name, %(now)s, %(now)s from instances i where i.name = any (%(names)s::text[])
order by i.name
on conflict (instance) do update set heard_at = greatest(l.heard_at, excluded.heard_at)

-- name: read_listening
-- How each number is connected, and when we looked and heard last; nulls for one never looked at.
select i.name, i.provider, i.state, i.state_at, l.heard_at, l.looked_at, l.open_since
from instances i left join listening l on l.instance = i.name
order by i.name

-- name: looked_at
-- We looked: open since then, and nothing is missing up to now but what the gaps say.
insert into listening as l (instance, heard_at, looked_at, open_since)
values (%(name)s, %(now)s, %(now)s, %(open_since)s)
on conflict (instance) do update
    set looked_at = excluded.looked_at, open_since = excluded.open_since,
        heard_at = case when %(checked)s then excluded.heard_at else l.heard_at end

-- name: open_gap
-- A span in which events may have been lost. One that is not looked up yet and meets it grows instead.
with grown as (
    update gaps set since = least(since, %(since)s), until = greatest(until, %(until)s), page = 1
    where instance = %(instance)s and done_at is null and until >= %(since)s and since <= %(until)s
    returning id
)
insert into gaps (id, instance, since, until, why, retry_at)
select %(id)s, %(instance)s, %(since)s, %(until)s, %(why)s, %(until)s
where not exists (select from grown)
returning id

-- name: claim_gaps
-- Gaps to look up now, the oldest first; nobody else takes them while we do.
update gaps g set retry_at = %(now)s::timestamptz + make_interval(secs => %(lease_seconds)s)
from (
    select id from gaps where done_at is null and retry_at <= %(now)s order by id limit %(limit)s
    for update skip locked
) as due
where g.id = due.id
returning g.id, g.instance, g.since, g.until, g.why, g.page, g.tries

-- name: go_on_with_gap
-- So far it is looked up; the next page, or its end.
update gaps
set page = %(page)s, heard = heard + %(heard)s, shown = shown + %(shown)s, tries = 0, error = %(error)s,
    done_at = case when %(done)s then %(now)s::timestamptz end, retry_at = %(now)s
where id = %(id)s

-- name: fail_gap
-- The look-up did not answer: later again, and after many times never.
update gaps
set tries = tries + 1, error = %(error)s, retry_at = %(now)s::timestamptz + make_interval(secs => %(wait_seconds)s),
    done_at = case when tries + 1 >= %(most)s then %(now)s::timestamptz end
where id = %(id)s

-- name: find_gaps
-- The gaps, the newest first.
select id, instance, since, until, why, done_at, error, heard, shown, tries from gaps
where (%(instance)s::text is null or instance = %(instance)s)
order by id desc limit %(limit)s

-- name: prune_gaps
-- The oldest gaps that are looked up, or were given up.
delete from gaps where id = any (array(
    select id from gaps where id < %(before)s::uuid and done_at is not null
    order by id limit %(limit)s for update skip locked))
