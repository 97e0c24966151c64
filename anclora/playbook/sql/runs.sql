-- name: expected_since
-- Since when a routine is expected to run.
select expected_since from playbook_routines where checklist = %(checklist)s

-- name: claim_slot
-- Take the run of a moment it is due, once for all processes; a claimant who died is followed after ten minutes.
insert into playbook_runs (id, checklist, due_at, started_at, actor)
values (%(id)s, %(checklist)s, %(due_at)s, %(now)s, %(actor)s)
on conflict (checklist, due_at) do update set id = excluded.id, started_at = excluded.started_at
where playbook_runs.ended_at is null and playbook_runs.started_at < excluded.started_at - interval '10 minutes'
returning id

-- name: end_slot
-- The claimed run is over; nothing when somebody else took it meanwhile.
update playbook_runs set ended_at = %(now)s, results = %(results)s where id = %(id)s and ended_at is null

-- name: keep_run
-- A run by hand, whole.
insert into playbook_runs (id, checklist, started_at, ended_at, actor, commit_id, results)
values (%(id)s, %(checklist)s, %(started_at)s, %(ended_at)s, %(actor)s, %(commit_id)s, %(results)s)

-- name: forget_runs
-- What nothing is compared with any more.
delete from playbook_runs where started_at < %(before)s

-- name: recent_runs
-- The last runs that ended, the newest first.
select id, checklist, due_at, started_at, ended_at, actor, commit_id, results
from playbook_runs
where ended_at is not null and (%(checklist)s::text is null or checklist = %(checklist)s)
order by started_at desc, id desc limit %(limit)s

-- name: earlier_runs
-- The last run of each earlier day at this hour, of the same weekday where that is asked, by the business clock.
select * from (
    select distinct on ((started_at at time zone %(zone)s::text)::date)
        id, checklist, due_at, started_at, ended_at, actor, commit_id, results
    from playbook_runs
    where checklist = %(checklist)s and ended_at is not null and started_at > %(now)s::timestamptz - interval '400 days'
        and (started_at at time zone %(zone)s::text)::date < (%(now)s::timestamptz at time zone %(zone)s::text)::date
        and extract(hour from started_at at time zone %(zone)s::text)
            = extract(hour from %(now)s::timestamptz at time zone %(zone)s::text)
        and (not %(weekday)s or extract(isodow from started_at at time zone %(zone)s::text)
            = extract(isodow from %(now)s::timestamptz at time zone %(zone)s::text))
    order by (started_at at time zone %(zone)s::text)::date desc, started_at desc
) earlier
order by started_at desc limit %(limit)s

-- name: last_runs
-- When each routine that has a time last ran; since when it is expected where it never did.
select r.checklist, coalesce(max(p.ended_at), r.expected_since) as at
from playbook_routines r left join playbook_runs p on p.checklist = r.checklist and p.ended_at is not null
group by r.checklist, r.expected_since
