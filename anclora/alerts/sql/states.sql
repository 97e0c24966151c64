-- name: be_alone
-- One process evaluates at a time; the lock goes with the transaction. "ancw": whoever watches.
select pg_try_advisory_xact_lock(1634624375) as alone

-- name: read_states
-- What is pending or fires, by whoever says so.
select fingerprint, source, name, severity, labels, summary, level, pending_since, firing_since, told_at, seen_at
from alert_states

-- name: keep_state
-- It is so still, or newly.
insert into alert_states (fingerprint, source, name, severity, labels, summary, level, pending_since, firing_since,
    told_at, seen_at)
values (%(fingerprint)s, %(source)s, %(name)s, %(severity)s, %(labels)s, %(summary)s, %(level)s, %(pending_since)s,
    %(firing_since)s, %(told_at)s, %(seen_at)s)
on conflict (fingerprint, source) do update
set severity = excluded.severity, labels = excluded.labels, summary = excluded.summary, level = excluded.level,
    pending_since = excluded.pending_since, firing_since = excluded.firing_since, told_at = excluded.told_at,
    seen_at = excluded.seen_at

-- name: drop_state
-- It is over, for this source.
delete from alert_states where fingerprint = %(fingerprint)s and source = %(source)s

-- name: fires_elsewhere
-- Whether another source says that it is so.
select exists (
    select from alert_states
    where fingerprint = %(fingerprint)s and source <> %(source)s and firing_since is not null) as so

-- name: keep_round
-- When the evaluator last looked, and what it could not see.
insert into alert_rounds (source, at, unseen) values (%(source)s, %(at)s, %(unseen)s)
on conflict (source) do update set at = excluded.at, unseen = excluded.unseen

-- name: read_rounds
-- When each source was last heard.
select source, at, unseen from alert_rounds

-- name: one_post_at_a_time
-- Two posts of one alert must not cross: who comes second waits. "ancm": Alertmanager.
select pg_advisory_xact_lock(1634624365)
