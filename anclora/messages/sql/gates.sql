-- name: read_gates
-- Every closed gate, the oldest first; more than a process should hold would be cut off here.
select what, value, instance, why, actor, closed_at from gates order by closed_at, what, value, instance limit 10000

-- name: close_gate
-- The first word stands: closing a closed gate changes nothing.
insert into gates (what, value, instance, why, actor)
values (%(what)s, %(value)s, %(instance)s, %(why)s, %(actor)s)
on conflict do nothing
returning what

-- name: open_gate
-- What it held is let in again by the loop that looks after held messages.
delete from gates where what = %(what)s and value = %(value)s and instance = %(instance)s returning what

-- name: read_quiet
-- The quiet hours there are, by class.
select class, quiet from classes where quiet is not null order by class

-- name: set_quiet
-- New quiet hours of a class, or none.
update classes set quiet = %(quiet)s where class = %(class)s and quiet is distinct from %(quiet)s returning class

-- name: own_zones
-- The zones that somebody said of contacts, each once, one step in the index for each.
with recursive zones as (
    (select c.zone from contacts c where c.zone is not null order by 1 limit 1)
    union all
    select (select c.zone from contacts c where c.zone > z.zone order by 1 limit 1) from zones z where z.zone is not null
)
select zone from zones where zone is not null

-- name: readmit
-- A slice of the held messages whose hold is over: its gate is open (or its quiet hours are others now), or its time has
-- come. Whatever became something else meanwhile only loses the mark. Their places in the order are the old ones.
with recursive reasons as (
    (select m.hold_reason as reason from messages m where m.hold_reason is not null order by 1 limit 1)
    union all
    select (select m.hold_reason from messages m where m.hold_reason > r.reason order by 1 limit 1)
    from reasons r where r.reason is not null
), judged as materialized (
    select r.reason,
        exists (select from gates g where g.what in ('class', 'campaign', 'tag') and g.what || ':' || g.value = r.reason)
            or exists (select from classes c where 'quiet:' || c.class || ':' || c.quiet = r.reason)
            or exists (select from rests s where 'rest:' || s.reason = r.reason and s.until > now()) as closed
    from reasons r where r.reason is not null
), over as materialized (
    select h.id from judged j cross join lateral (
        select m.id from messages m where not j.closed and m.hold_reason = j.reason
        order by m.hold_until, m.ordinal limit %(limit)s
    ) h
    union
    select h.id from judged j cross join lateral (
        select m.id from messages m where m.hold_reason = j.reason and m.hold_until <= now()
        order by m.hold_until, m.ordinal limit %(limit)s
    ) h
    limit %(limit)s
), locked as materialized (
    select m.id from messages m where m.id = any (array(select id from over))
    order by m.id
    for update skip locked
)
update messages m set hold_reason = null, hold_until = null
from locked l
where m.id = l.id
returning m.id, m.state
