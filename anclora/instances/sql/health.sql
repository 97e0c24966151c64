-- name: read_evidence
-- What the traffic of every number says. A window of provider ids is read once: those of ours that nobody acknowledged
-- and that are younger than the youngest acknowledged one, since a single lost acknowledgement proves nothing.
with recent as materialized (
    select p.instance, p.created_at, p.acked_at, (p.acked_at is not null or p.error_at is not null or p.rank >= 2) as heard
    from provider_messages p
    where p.created_at >= %(since)s and p.message_id is not null
), heard as (
    select instance, max(created_at) filter (where heard) as newest, max(acked_at) as acked_at
    from recent group by instance
), silent as (
    select r.instance, count(*)::integer as n, min(r.created_at) as since
    from recent r
    join heard h on h.instance = r.instance
    join instances i on i.name = r.instance
    where not r.heard and r.created_at > coalesce(h.newest, '-infinity')
        and r.created_at > greatest(i.state_at, i.mended_at) and r.created_at <= %(before)s
    group by r.instance
), closed as (
    select m.instance, max(m.unknown_at) as at from messages m
    where m.unknown_at >= %(since)s and m.reason_code = any (%(closed)s::text[])
    group by m.instance
)
select i.name, i.state, i.stalled_since, i.stalled_reason, i.state_at as opened_at,
    greatest(i.state_at, i.mended_at) as trusted_since,
    exists (select from mends d where d.instance = i.name and d.ended_at is null) as mending,
    greatest(i.acked_at, h.acked_at) as acked_at, coalesce(s.n, 0) as unacked, s.since as unacked_since,
    case when i.pause_reason = any (%(closed)s::text[]) and i.paused_until > %(now)s::timestamptz then %(now)s::timestamptz
        else c.at end as closed_at
from instances i
left join heard h on h.instance = i.name
left join silent s on s.instance = i.name
left join closed c on c.instance = i.name
where i.removed_at is null
order by i.name

-- name: read_usual
-- How many messages every number got in the last two whole hours, and in the same hours of the last four weeks.
select i.name as instance, w.week, sum(h.inbound)::integer as inbound
from instances i
cross join generate_series(0, 4) as w (week)
join instance_hours h on h.instance = i.name
    and h.hour in (
        %(hour)s::timestamptz - make_interval(days => 7 * w.week),
        %(hour)s::timestamptz - make_interval(days => 7 * w.week, hours => 1))
where i.removed_at is null
group by i.name, w.week
having count(*) = 2

-- name: uncounted_hours
-- The whole hours of the last two days that nobody counted.
select g.hour from generate_series(
    %(hour)s::timestamptz - interval '2 days', %(hour)s::timestamptz, interval '1 hour') as g (hour)
where exists (select from instances) and not exists (select from instance_hours h where h.hour = g.hour)
order by g.hour

-- name: count_hour
-- One hour of what arrived, from the raw webhooks; a number that got nothing gets a row too.
insert into instance_hours (instance, hour, inbound)
select i.name, %(hour)s::timestamptz, coalesce(e.n, 0)
from instances i
left join (
    select instance, count(*)::integer as n from inbound_events
    where id >= %(low)s and id < %(high)s and kind = 'inbound'
    group by instance
) e on e.instance = i.name
order by i.name
on conflict do nothing

-- name: write_verdicts
-- What the evidence makes of numbers; only changes are written.
update instances i
set stalled_since = case
        when v.reason is null then null
        else coalesce(i.stalled_since, %(now)s)
    end,
    stalled_reason = v.reason,
    acked_at = greatest(i.acked_at, v.acked_at)
from unnest(%(names)s::text[], %(reasons)s::text[], %(acked)s::timestamptz[]) as v (name, reason, acked_at)
where i.name = v.name
    and (i.stalled_reason is distinct from v.reason or i.acked_at is distinct from greatest(i.acked_at, v.acked_at))

-- name: read_changes
-- Every number's word, the one that was told last, and how often it changed since. Locked: one teller at a time.
select i.name, instance_word(i.state, i.stalled_since) as status, i.told, i.told_at, h.reason, h.at as changed_at,
    h.changes, h.first_at
from instances i
cross join lateral (
    select count(*)::integer as changes, max(h.at) as at, min(h.at) as first_at,
        (array_agg(h.reason order by h.id desc))[1] as reason
    from instance_history h where h.instance = i.name and h.at > i.told_at
) h
where i.removed_at is null and (h.changes > 0 or i.told <> instance_word(i.state, i.stalled_since))
order by i.name
for update of i skip locked

-- name: mark_told
-- This is what integrators know now.
update instances i set told = t.status, told_at = t.at
from unnest(%(names)s::text[], %(words)s::text[], %(ats)s::timestamptz[]) as t (name, status, at)
where i.name = t.name

-- name: read_flaps
-- How often each number's word changed since a row of the history, and which row is the last now.
select instance, count(*)::integer as changes, max(id) as last from instance_history where id > %(after)s group by instance

-- name: last_change
-- The last row of the history.
select coalesce(max(id), 0) as last from instance_history

-- name: read_history
-- The changes of a number, the latest first.
select at, was, status, reason from instance_history where instance = %(name)s order by id desc limit %(limit)s

-- name: forget_history
-- What is older than a season serves nobody.
with old as (delete from instance_history where at < %(before)s), hours as (delete from instance_hours where hour < %(before)s)
delete from mends where ended_at < %(before)s

-- name: take_duty
-- Ours, if it is nobody's, or ours still.
insert into duties as d (name, holder, until)
values (%(name)s, %(holder)s, now() + make_interval(secs => %(seconds)s))
on conflict (name) do update set holder = excluded.holder, until = excluded.until
where d.until < now() or d.holder = excluded.holder
returning holder
