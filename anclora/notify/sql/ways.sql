-- name: keep_rung
-- A channel on a way of a notice. The first of a way is used at once.
insert into notice_rungs (notice_id, leg, rung, channel, targets, wait_seconds, state, used_at)
values (%(notice_id)s, %(leg)s, %(rung)s::smallint, %(channel)s, %(targets)s, %(wait_seconds)s,
    case when %(rung)s::smallint = 0 then 'used' else 'waiting' end,
    case when %(rung)s::smallint = 0 then %(now)s::timestamptz end)
on conflict (notice_id, leg, rung) do nothing

-- name: spare_rungs
-- Second paths that need not be used: the way reached somebody, or the incident was acknowledged or resolved since.
update notice_rungs r set state = 'spared'
where r.state = 'waiting' and (
    exists (select from notice_rungs u
        join notice_deliveries d on d.notice_id = u.notice_id and d.channel = u.channel and d.target = any (u.targets)
        where u.notice_id = r.notice_id and u.leg = r.leg and u.rung < r.rung and d.state = 'delivered')
    or exists (select from notices n join notices m on m.incident = n.incident and m.kind <> 'trigger'
        where n.id = r.notice_id and (m.created_at, m.id) > (n.created_at, n.id)))

-- name: use_rungs
-- Second paths whose time has come: all of the rung before failed, or it was used so long ago and reached nobody.
with ready as (
    select r.notice_id, r.leg, r.rung, p.channel as instead_of
    from notice_rungs r
    join notice_rungs p
        on p.notice_id = r.notice_id and p.leg = r.leg and p.rung = r.rung - 1 and p.state = 'used'
    where r.state = 'waiting' and (
        p.used_at + make_interval(secs => r.wait_seconds) <= %(now)s
        or not exists (select from notice_deliveries d
            where d.notice_id = p.notice_id and d.channel = p.channel and d.target = any (p.targets)
                and d.state in ('waiting', 'delivered')))
    order by p.used_at limit %(limit)s for update of r skip locked),
used as (
    update notice_rungs r set state = 'used', used_at = %(now)s
    from ready where r.notice_id = ready.notice_id and r.leg = ready.leg and r.rung = ready.rung
    returning r.notice_id, r.channel, r.targets, ready.instead_of)
select used.notice_id, used.channel, used.targets, used.instead_of, n.severity
from used join notices n on n.id = used.notice_id

-- name: keep_rung_targets
-- Whoever stands on a rung may be told something.
insert into notice_targets (channel, target, next_at)
select %(channel)s, each, %(now)s from unnest(%(targets)s::text[]) each
on conflict (channel, target) do nothing

-- name: keep_rung_deliveries
-- A notice for everybody on a rung; who has it by another way, or had it refused there, does not get it twice.
insert into notice_deliveries (notice_id, channel, target, state, created_at, due_at)
select %(notice_id)s, %(channel)s, each, 'waiting', %(now)s, %(now)s from unnest(%(targets)s::text[]) each
on conflict (notice_id, channel, target) do nothing

-- name: withdraw
-- What waits to be told of an incident and is old news now: all of it when it is over (`deaf` has every channel then),
-- and where nobody is told that somebody has it, the alarm itself.
update notice_deliveries d set state = 'withdrawn', ended_at = %(now)s
from notices n
where n.id = d.notice_id and n.incident = %(incident)s and d.state = 'waiting' and d.channel = any (%(deaf)s::text[])

-- name: hearers
-- Who heard of an incident, or may have: whoever it was tried at, and whoever still waits for it.
select distinct d.channel, d.target
from notices n join notice_deliveries d on d.notice_id = n.id
where n.incident = %(incident)s and (d.state in ('delivered', 'waiting') or (d.state = 'withdrawn' and d.tries > 0))
order by d.channel, d.target

-- name: count_unreached
-- Notices of the last day that reached nobody for longer than a second path takes, by severity. What nobody is named for
-- reached nobody too.
select n.severity, count(*)::integer as notices
from notices n
where n.created_at between %(since)s and %(before)s and n.kind = 'trigger'
    and not exists (select from notice_deliveries d where d.notice_id = n.id and d.state = 'delivered')
    and (exists (select from notice_deliveries d where d.notice_id = n.id and d.state in ('waiting', 'failed'))
        or not exists (select from notice_deliveries d where d.notice_id = n.id))
group by n.severity

-- name: reached_nobody
-- Whether a notice has come to its end everywhere, and nobody was reached.
select not exists (select from notice_deliveries d
        where d.notice_id = %(notice_id)s and d.state in ('waiting', 'delivered'))
    and not exists (select from notice_rungs r where r.notice_id = %(notice_id)s and r.state = 'waiting') as nobody

-- name: was_told
-- Whether an incident was told at one of these channels by another notice; nothing when it was not.
select 1 as told from notices n join notice_deliveries d on d.notice_id = n.id
where n.incident = %(incident)s and n.key <> %(key)s and d.channel = any (%(channels)s::text[]) and d.state <> 'failed'
limit 1
