-- name: ack_times
-- How incidents that opened in a span were acknowledged, as it stood at its end: what came later changes nothing.
select severity, case when acknowledged_at < %(before)s then ack_seconds end as ack_seconds,
    coalesce(resolved_at < %(before)s, false) as is_over
from incidents where id >= %(first_id)s and id < %(end_id)s

-- name: page_load
-- Who was called in a span, and how many of those calls came at night by the business clock.
select coalesce(person, '') as person, count(*)::integer as pages,
    (count(*) filter (where extract(hour from at at time zone %(zone)s) not between 7 and 21))::integer as at_night
from incident_pages where at >= %(since)s and at < %(before)s group by 1 order by 2 desc, 1

-- name: acked_by_person
-- How long those who were called first took to acknowledge, in a span.
select p.person, i.ack_seconds from incident_pages p join incidents i on i.id = p.incident_id
where p.at >= %(since)s and p.at < %(before)s and p.why = 'opened' and p.person is not null and i.ack_seconds is not null

-- name: flapping
-- Alerts that opened, or came back, more than so many times in a span; the most restless first.
select name, count(*)::integer as times, count(distinct fingerprint)::integer as things from (
    select name, fingerprint from incidents where id >= %(first_id)s
    union all
    select i.name, i.fingerprint from incident_lines l join incidents i on i.id = l.incident_id
    where i.last_signal_at >= %(since)s and l.kind = 'returned' and l.at >= %(since)s
) opened
group by name having count(*) > %(most)s order by times desc, name limit 10

-- name: night_pages
-- Calls of a span that came at night by the business clock, as `page_load` counts them; the newest first.
select p.at, p.person, i.name from incident_pages p join incidents i on i.id = p.incident_id
where p.at >= %(since)s and p.at < %(before)s and p.person is not null
    and extract(hour from p.at at time zone %(zone)s) not between 7 and 21
order by p.at desc limit 10
