-- name: rest_late
-- What rests after refusals that came as statuses: a person, a class, a number, or all numbers of its account.
insert into rests as s (instance, recipient, class, until, reason)
select coalesce(i.name, r.instance), r.recipient, r.class, max(r.until), min(r.reason)
from json_to_recordset(%(rests)s::json) as r (
    instance text, recipient text, class text, until timestamptz, reason text, account boolean)
left join instances i on r.account and i.provider = (select o.provider from instances o where o.name = r.instance)
where r.until > now()
group by 1, 2, 3
order by 1, 2, 3
on conflict (instance, recipient, class) do update
    set until = greatest(s.until, excluded.until), reason = excluded.reason
