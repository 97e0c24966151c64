-- name: ack_times
-- How incidents of a span were acknowledged.
select severity, state, ack_seconds from incidents where id >= %(since)s and id < %(before)s

-- name: page_load
-- Who was called in a span, and how many of those calls came at night by the business clock.
select coalesce(person, '') as person, count(*)::integer as pages,
    (count(*) filter (where extract(hour from at at time zone %(zone)s) not between 7 and 21))::integer as at_night
from incident_pages where at >= %(since)s and at < %(before)s group by 1 order by 2 desc, 1

-- name: acked_by_person
-- How long those who were called first took to acknowledge, in a span.
select p.person, i.ack_seconds from incident_pages p join incidents i on i.id = p.incident_id
where p.at >= %(since)s and p.at < %(before)s and p.why = 'opened' and p.person is not null and i.ack_seconds is not null
