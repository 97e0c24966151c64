-- name: read_patients
-- Every number with the remedies that count, the newest first; and those that are under way.
select i.name, i.provider, i.state, instance_word(i.state, i.stalled_since) as status, i.stalled_since, i.acked_at,
    case when i.state = 'open' and i.stalled_since is not null then i.stalled_since else i.state_at end as since,
    i.stalled_reason as reason, i.mend_stopped_at, i.mend_note,
    exists (
        select from gates g where g.what = 'instance' and g.value = i.name and g.instance = '' and g.actor = %(actor)s
    ) as held
from instances i
where i.removed_at is null
order by i.name

-- name: read_mends
-- The remedies of a day, the newest first; older ones say nothing, and neither do those before a number was well again.
select m.id, m.instance, m.remedy, m.began_at, m.acted_at, m.resumed_at, m.ended_at, m.result,
    m.began_at > coalesce(i.mends_from, '-infinity') as counts
from mends m
join instances i on i.name = m.instance
where m.began_at > %(since)s or m.ended_at is null
order by m.began_at desc

-- name: recent_mends
-- The last remedies of a number, for people.
select began_at, remedy, found, reason, ended_at, result, detail from mends
where instance = %(name)s order by began_at desc limit %(limit)s

-- name: begin_mend
-- One at a time; its lane rests meanwhile, in the ledger too, for whoever rebuilds the lanes.
with begun as (
    insert into mends (id, instance, remedy, found, reason, began_at)
    values (%(id)s, %(name)s, %(remedy)s, %(found)s, %(reason)s, %(now)s)
    on conflict do nothing
    returning instance
)
update instances i set paused_until = greatest(i.paused_until, %(until)s), pause_reason = 'mending'
from begun b
where i.name = b.instance
returning i.name

-- name: mark_acted
-- The provider was asked; what was seen before says nothing any more.
with acted as (update mends set acted_at = %(now)s where id = %(id)s)
update instances set mended_at = %(now)s where name = %(name)s

-- name: mark_resumed
-- Its lane goes on, slowly at first.
with resumed as (update mends set resumed_at = %(now)s where id = %(id)s)
update instances set paused_until = null, pause_reason = null where name = %(name)s and pause_reason = 'mending'

-- name: end_mend
-- How it ended. Until then the verdict of the traffic stands, and after a failure anew.
with ended as (
    update mends set ended_at = %(now)s, result = %(result)s, detail = %(detail)s
    where id = %(id)s and ended_at is null
    returning instance
)
update instances i
set stalled_since = case when %(result)s <> 'mended' and i.stalled_since is not null then %(now)s::timestamptz end,
    stalled_reason = case when %(result)s <> 'mended' then i.stalled_reason end
from ended e
where i.name = e.instance
returning i.name

-- name: stop_mending
-- Given up: a person must look.
update instances set mend_stopped_at = %(now)s, mend_note = %(note)s
where name = %(name)s and mend_stopped_at is null
returning name

-- name: note_person
-- What a person must do; once.
update instances set mend_note = %(note)s
where name = %(name)s and mend_note is distinct from %(note)s
returning name

-- name: count_anew
-- It is well again, or a person took it in hand: what was tried before does not count any more.
update instances set mends_from = %(now)s, mend_stopped_at = null, mend_note = null
where name = %(name)s and (mend_stopped_at is not null or mend_note is not null)
returning name

-- name: take_in_hand
-- A person does something about it: nothing that was seen or tried before counts any more.
update instances
set mends_from = %(now)s, mend_stopped_at = null, mend_note = null, mended_at = %(now)s, stalled_since = null,
    stalled_reason = null
where name = %(name)s

-- name: begin_maintenance
-- Nobody mends it until then.
insert into maintenance (what, instance, until, actor, why)
values (%(what)s, %(instance)s, %(until)s, %(actor)s, %(why)s)
on conflict (what, instance) do update set until = excluded.until, actor = excluded.actor, why = excluded.why

-- name: end_maintenance
-- It is over.
delete from maintenance where what = %(what)s and instance = %(instance)s

-- name: read_maintenance
-- What must not be disturbed now; rows that ran out are nobody's.
select what, instance from maintenance where until > %(now)s order by what, instance
