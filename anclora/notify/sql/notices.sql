-- name: keep_notice
-- A notice, unless its key was told before. The no-op update gives the row back either way.
insert into notices (id, created_at, key, severity, kind, incident, title, text, facts, actions, links)
values (%(id)s, %(now)s, %(key)s, %(severity)s, %(kind)s, %(incident)s, %(title)s, %(text)s, %(facts)s::jsonb,
    %(actions)s::jsonb, %(links)s::jsonb)
on conflict (key) do update set key = excluded.key
returning id

-- name: keep_file
-- A file of a notice.
insert into notice_files (notice_id, place, name, mimetype, data)
values (%(notice_id)s, %(place)s, %(name)s, %(mimetype)s, %(data)s)

-- name: keep_delivery
-- A notice for one target. What failed goes again when it is told again; what waits or arrived stays as it is.
insert into notice_deliveries as d (notice_id, channel, target, state, created_at, due_at)
values (%(notice_id)s, %(channel)s, %(target)s, 'waiting', %(now)s, %(now)s)
on conflict (notice_id, channel, target) do update
    set state = 'waiting', due_at = excluded.due_at, tries = 0, ended_at = null
    where d.state = 'failed'
returning target

-- name: keep_target
-- Whoever may be told something.
insert into notice_targets (channel, target, next_at) values (%(channel)s, %(target)s, %(now)s)
on conflict (channel, target) do nothing

-- name: claim_targets
-- Targets that may hear something now and have something to hear: one process talks to one at a time.
update notice_targets t
set busy_until = %(now)s::timestamptz + make_interval(secs => %(lease_seconds)s), turn = t.turn + 1
where (t.channel, t.target) in (
    select f.channel, f.target from notice_targets f
    where f.channel = any (%(channels)s::text[]) and f.next_at <= %(now)s
        and (f.busy_until is null or f.busy_until < %(now)s)
        and exists (select from notice_deliveries d join notices n on n.id = d.notice_id
            where d.channel = f.channel and d.target = f.target and d.state = 'waiting' and d.due_at <= %(now)s
                and not exists (select from notice_deliveries e join notices m on m.id = e.notice_id
                    where e.channel = d.channel and e.target = d.target and e.state = 'waiting'
                        and m.incident = n.incident and (m.created_at, m.id) < (n.created_at, n.id)))
    order by f.next_at limit %(limit)s for update skip locked)
returning t.channel, t.target, t.turn

-- name: take_delivery
-- The notice that is due first for a target; of one incident they go in order. The try is counted before it is made: a
-- process that dies in it made it too.
update notice_deliveries d set tries = d.tries + 1
from notices n
where n.id = d.notice_id and d.channel = %(channel)s and d.target = %(target)s and d.notice_id = (
    select w.notice_id from notice_deliveries w join notices o on o.id = w.notice_id
    where w.channel = %(channel)s and w.target = %(target)s and w.state = 'waiting' and w.due_at <= %(now)s
        and not exists (select from notice_deliveries e join notices m on m.id = e.notice_id
            where e.channel = w.channel and e.target = w.target and e.state = 'waiting'
                and m.incident = o.incident and (m.created_at, m.id) < (o.created_at, o.id))
    order by w.due_at, w.notice_id limit 1)
returning n.*, d.tries

-- name: find_parent
-- The first notice of an incident that reached a target.
select n.*, d.vendor_id
from notices n join notice_deliveries d on d.notice_id = n.id
where n.incident = %(incident)s and n.id <> %(notice_id)s and d.channel = %(channel)s and d.target = %(target)s
    and d.state = 'delivered' and n.kind = 'trigger'
order by n.created_at, n.id limit 1

-- name: read_files
-- The files of a notice.
select name, mimetype, data from notice_files where notice_id = %(notice_id)s order by place

-- name: end_turn
-- The target is free again, for whoever still holds it.
update notice_targets set busy_until = null, next_at = %(next_at)s
where channel = %(channel)s and target = %(target)s and turn = %(turn)s

-- name: end_try
-- How a try ended. A late word of an earlier holder changes nothing that has ended; but what arrived, arrived.
update notice_deliveries
set state = %(state)s, due_at = %(due_at)s, last_code = %(code)s, last_text = %(text)s, vendor_id = %(vendor_id)s,
    left_out = %(left_out)s, ended_at = %(ended_at)s
where notice_id = %(notice_id)s and channel = %(channel)s and target = %(target)s
    and (state = 'waiting' or (state = 'withdrawn' and %(state)s::text = 'delivered'))

-- name: find_notice
-- A notice and what became of it, target by target.
select n.id, n.created_at, n.key, n.severity, n.kind, n.incident, n.title, d.channel, d.target, d.state, d.tries, d.due_at, d.last_code,
    d.last_text, d.left_out, d.ended_at
from notices n left join notice_deliveries d on d.notice_id = n.id
where n.key = %(key)s order by d.channel, d.target

-- name: recent_notices
-- The newest notices and what became of them, target by target.
select n.id, n.created_at, n.key, n.severity, n.kind, n.incident, n.title, d.channel, d.target, d.state, d.tries, d.due_at, d.last_code,
    d.last_text, d.left_out, d.ended_at
from (select * from notices order by created_at desc, id desc limit %(limit)s) n
left join notice_deliveries d on d.notice_id = n.id
order by n.created_at desc, n.id desc, d.channel, d.target

-- name: forget_notices
-- What was told long ago; files and deliveries go with it.
delete from notices where id = any (array(
    select n.id from notices n
    where n.created_at < %(before)s and not exists (
        select from notice_deliveries d where d.notice_id = n.id and d.state = 'waiting')
    order by n.created_at limit %(limit)s for update skip locked))

-- name: find_actions
-- What a notice offered.
select actions, incident from notices where id = %(id)s
