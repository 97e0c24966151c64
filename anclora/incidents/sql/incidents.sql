-- name: lock_fingerprint
-- Signals of one thing go one after the other.
select pg_advisory_xact_lock(1634627439, hashtext(%(fingerprint)s))

-- name: find_open
-- The incident a signal belongs to, held until the transaction ends.
select * from incidents where fingerprint = %(fingerprint)s and resolved_at is null for update

-- name: find_returned
-- The one that just ended by itself and that somebody had: what comes back now is the same.
select * from incidents
where fingerprint = %(fingerprint)s and resolved_by = 'signal' and acknowledged_at is not null
    and resolved_at > %(since)s
order by id desc limit 1 for update

-- name: open_incident
-- A new incident.
insert into incidents (id, fingerprint, name, severity, summary, labels, source, runbook_url, dashboard, state, starts_at,
    opened_at, clock_at, last_signal_at)
values (%(id)s, %(fingerprint)s, %(name)s, %(severity)s, %(summary)s, %(labels)s, %(source)s, %(runbook_url)s,
    %(dashboard)s, 'open', %(starts_at)s, %(now)s, %(now)s, %(now)s)
returning *

-- name: say_again
-- The same signal once more; its words may have changed.
update incidents set signals = signals + 1, last_signal_at = %(now)s, summary = %(summary)s, labels = %(labels)s
where id = %(id)s returning *

-- name: make_critical
-- A warning that became critical: both clocks begin anew, and whoever had the warning has to say so again.
update incidents set severity = 'critical', state = 'open', clock_at = %(now)s, spell = spell + 1, acknowledged_at = null,
    acknowledged_by = null, ack_seconds = null, told_state = 'open'
where id = %(id)s returning *

-- name: return_incident
-- It came back: whoever had it has it again, and the clock to its resolution begins anew.
update incidents set state = 'acknowledged', resolved_at = null, resolved_by = null, cleared_at = null, clock_at = %(now)s,
    signals = signals + 1, last_signal_at = %(now)s
where id = %(id)s returning *

-- name: resolve
-- It is over.
update incidents set state = 'resolved', resolved_at = %(now)s, resolved_by = %(by)s,
    cleared_at = coalesce(%(cleared_at)s, cleared_at)
where id = %(id)s returning *

-- name: acknowledge
-- Somebody has it.
update incidents set state = 'acknowledged', acknowledged_at = %(now)s, acknowledged_by = %(by)s,
    ack_seconds = %(ack_seconds)s
where id = %(id)s returning *

-- name: plan
-- A day and an owner for what is to be mended.
update incidents set planned_for = %(planned_for)s, planned_owner = %(owner)s where id = %(id)s returning *

-- name: remind
-- So many reminders were earned.
update incidents set reminders = %(reminders)s where id = %(id)s

-- name: told
-- People know it stands so.
update incidents set told_state = %(state)s where id = %(id)s

-- name: lock_incident
-- One incident, held until the transaction ends.
select * from incidents where id = %(id)s for update

-- name: read_incident
-- One incident.
select * from incidents where id = %(id)s

-- name: list_incidents
-- A page of incidents, the newest first.
select * from incidents
where (%(state)s::text is null or state = %(state)s or (%(state)s = 'unresolved' and resolved_at is null))
    and (%(severity)s::text is null or severity = %(severity)s)
    and (%(name)s::text is null or name = %(name)s)
    and (%(before)s::uuid is null or id < %(before)s)
order by id desc limit %(limit)s

-- name: due_ids
-- What the engine has to look at: what goes on, and what people do not know to be over; the most urgent first.
select id from incidents where resolved_at is null or told_state <> 'resolved'
order by severity, id limit %(limit)s

-- name: add_line
-- A line of a timeline.
insert into incident_lines (incident_id, at, kind, actor, text)
values (%(incident_id)s, %(at)s, %(kind)s, %(actor)s, %(text)s)

-- name: read_lines
-- The timeline of an incident.
select at, kind, actor, text from incident_lines where incident_id = %(id)s
order by at, ordinal limit 1000

-- name: add_page
-- Somebody is called; nothing when that level was called in this spell before.
insert into incident_pages (incident_id, spell, level, person, at, due_at, why)
values (%(incident_id)s, %(spell)s, %(level)s, %(person)s, %(at)s, %(due_at)s, %(why)s)
on conflict do nothing returning level

-- name: read_pages
-- Who was called for an incident, in order.
select spell, level, person, at, why from incident_pages where incident_id = %(id)s
order by spell, at, due_at, array_position(array['oncall', 'backup', 'devops_lead', 'cto'], level)

-- name: count_by_day
-- How often an alert opened on each of the last days, by the business clock.
select (opened_at at time zone %(zone)s)::date as day, count(*)::integer as n from incidents
where name = %(name)s and id >= %(since)s group by 1

-- name: changes_between
-- Changes of a span, the newest first.
select id, at, kind, actor, action, subject, detail from changes
where at >= %(since)s and at < %(before)s order by id desc limit %(limit)s

-- name: changes_told
-- The same as people are told it: a key goes by its name.
select c.id, c.at, c.kind, coalesce(k.name, c.actor) as actor, c.action, c.subject, c.detail
from changes c left join api_keys k on c.actor = 'key:' || k.id
where c.at >= %(since)s and c.at < %(before)s order by c.id desc limit %(limit)s
