-- name: insert_drill
-- No row when this very drill is written down already.
insert into drills (id, scenario, started_at, seconds, messages, rto_seconds, rpo_seconds, lost, doubled, figures_off, steps, failures)
values (%(id)s, %(scenario)s, %(started_at)s, %(seconds)s, %(messages)s, %(rto_seconds)s, %(rpo_seconds)s, %(lost)s, %(doubled)s,
    %(figures_off)s, %(steps)s, %(failures)s)
on conflict (scenario, started_at) do nothing
returning id

-- name: list_drills
-- The newest first.
select id, scenario, started_at, seconds, messages, rto_seconds, rpo_seconds, lost, doubled, figures_off, steps, failures
from drills order by started_at desc, id desc limit %(limit)s

-- name: last_success
-- The oldest of the scenarios' last successes; where one never had any, when this installation began to count.
select min(coalesce(last.at, watch.began_at)) as at
from drill_watch watch
cross join unnest(%(scenarios)s::text[]) as wanted(scenario)
left join lateral (
    select max(started_at) as at from drills where scenario = wanted.scenario and failures = '[]'
) last on true
