-- name: take_turn
-- Ours, if it is due: for the first time, a period after it last began, for something else, or after its holder was
-- lost. What we began and have not ended, because it failed, is ours still, and no run more.
insert into chore_turns as t (chore, about, holder, began_at)
values (%(chore)s, %(about)s, %(holder)s, now())
on conflict (chore) do update
set about = excluded.about,
    holder = excluded.holder,
    ended_at = null,
    began_at = case when t.holder = excluded.holder and t.ended_at is null then t.began_at else now() end,
    runs = t.runs + case when t.holder = excluded.holder and t.ended_at is null then 0 else 1 end
where t.about <> excluded.about
    or t.began_at <= now() - make_interval(secs => %(every_seconds)s)
    or t.ended_at is null and (
        t.holder = excluded.holder or t.began_at <= now() - make_interval(secs => %(lost_seconds)s))
returning t.chore

-- name: next_turn
-- In how many seconds it is due again, or its holder is taken for lost.
select extract(epoch from least(
    began_at + make_interval(secs => %(every_seconds)s),
    case when ended_at is null then began_at + make_interval(secs => %(lost_seconds)s) end
) - now())::float8 as seconds
from chore_turns where chore = %(chore)s

-- name: end_turn
-- It is done, or a part of it and the rest follows; somebody else's turn by now is not ended by us.
update chore_turns
set ended_at = case when not %(more)s then now() end, began_at = case when %(more)s then now() else began_at end
where chore = %(chore)s and holder = %(holder)s
