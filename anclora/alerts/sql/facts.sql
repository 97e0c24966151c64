-- name: look_at_ledger
-- What the essential alerts compare, in one round trip.
select
    (select count(*) from workers
        where role = 'dispatch' and stopped_at is null and reaped_at is null
            and heartbeat_at > %(now)s::timestamptz - make_interval(secs => %(lease_seconds)s))::integer as workers,
    (select count(*) from messages m left join workers w on w.id = m.worker_id
        where m.open and m.state = 'sending'
            and (w.id is null or w.reaped_at is not null
                or w.heartbeat_at < %(now)s::timestamptz - make_interval(secs => %(lease_seconds)s)))::integer as stuck,
    coalesce((select extract(epoch from %(now)s - min(unknown_at)) from messages
        where open and state = 'unknown'), 0)::float8 as unknown_seconds,
    (select count(*) from dead_letters where died_at > %(now)s::timestamptz - interval '15 minutes')::integer as died,
    coalesce((select extract(epoch from %(now)s - min(created_at)) from inbound_unapplied), 0)::float8
        as unapplied_seconds,
    (select count(*) from provider_messages
        where created_at > %(now)s::timestamptz - interval '15 minutes' and message_id is not null)::integer as sent,
    exists (select from inbound_events where id >= %(quarter_id)s) as heard

-- name: look_at_attempts
-- Attempts that ended for the provider's or our own fault within 5 minutes, all that ended in them, and messages that
-- reached the provider twice within 10.
select
    count(*) filter (where finished_at > %(now)s::timestamptz - interval '5 minutes' and (outcome in ('unknown', 'orphaned')
        or (outcome = 'refused' and coalesce(code, '') not in ('not_on_whatsapp', 'invalid_request'))))::integer as bad,
    count(*) filter (where finished_at > %(now)s::timestamptz - interval '5 minutes')::integer as samples,
    count(*) filter (where outcome = 'sent' and attempt > 1 and exists (
        select from attempts b
        where b.message_id = a.message_id and b.outcome = 'sent' and b.attempt < a.attempt))::integer as doubles
from attempts a
where message_id >= %(since_id)s and finished_at > %(now)s::timestamptz - interval '10 minutes'

-- name: count_unacknowledged
-- Messages the provider took and WhatsApp never acknowledged, by number.
select instance, count(*)::integer as n from messages where stalled_at is not null group by instance
