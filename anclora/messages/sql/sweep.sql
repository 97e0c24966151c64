-- name: stale_outbox
-- Accepted messages whose way to the lane was cut: oldest first. Skips rows another sweep is holding.
select id, message_ids from outbox
where created_at < now() - make_interval(secs => %(after_seconds)s)
order by id limit %(limit)s
for update skip locked

-- name: lane_items
-- What the lane needs to know of the messages that belong in it.
select id, instance, recipient, priority, ordinal, next_attempt_at from messages
where id = any (%(ids)s::uuid[]) and open
order by ordinal

-- name: silent_workers
-- Processes that stopped without a word: their heartbeat is older than the lease.
select id from workers
where reaped_at is null and stopped_at is null
    and heartbeat_at < now() - make_interval(secs => %(lease_seconds)s)
order by id limit 100
for update skip locked

-- name: reap_workers
-- From now on they cannot come back under the same name.
update workers set reaped_at = now() where id = any (%(ids)s::uuid[])

-- name: orphan_messages
-- What the silent ones were sending, and any intent too old for whatever reason: from now on in doubt.
with orphans as materialized (
    select m.id from messages m
    where m.open and m.state = 'sending'
        and (m.worker_id = any (%(worker_ids)s::uuid[])
            or m.intent_at < now() - make_interval(secs => %(longest_seconds)s))
    order by m.id
    for update
)
update messages m
set state = 'unknown', state_at = now(), unknown_at = now(), reason_code = 'orphaned',
    reason_text = 'The worker stopped while sending it.', worker_id = null,
    blocks_until = coalesce(m.blocks_until, now() + case m.class when 'reply' then interval '2 minutes'
        when 'utility' then interval '10 minutes' else interval '0' end)
from orphans o
where m.id = o.id
returning m.id, m.attempt, m.instance, m.intent_at

-- name: store_orphan_attempts
-- The attempt of an orphan: all that is known is that it began.
insert into attempts (message_id, attempt, instance, intent_at, outcome, code)
select message_id, attempt, instance, intent_at, 'orphaned', 'orphaned'
from unnest(%(message_ids)s::uuid[], %(attempts)s::integer[], %(instances)s::text[], %(intent_ats)s::timestamptz[])
    as r (message_id, attempt, instance, intent_at)
on conflict do nothing

-- name: promote
-- Scheduled messages whose time has come get their place in the order.
with due as materialized (
    select m.id, m.send_at from messages m
    where m.ordinal is null and m.send_at <= now() and m.state = 'scheduled'
    order by m.send_at, m.id limit %(limit)s
    for update skip locked
), placed as (
    select id, send_at, nextval('message_ordinal') as ordinal from (select id, send_at from due order by send_at, id) d
)
update messages m
set state = 'queued', state_at = now(), ordinal = p.ordinal, next_attempt_at = p.send_at, eligible_at = now()
from placed p
where m.id = p.id
returning m.id

-- name: resting_instances
-- Numbers that rest because the provider refused, and for how much longer.
select name, extract(epoch from paused_until - now())::float8 as seconds from instances
where paused_until > now() order by name

-- name: read_epoch
-- Which Redis the lanes were last reconciled with.
select epoch, run_id from queue_epoch

-- name: next_epoch
-- A new Redis, or one that lost its memory: the lanes of older epochs serve no claims.
update queue_epoch set epoch = epoch + 1, run_id = %(run_id)s, at = now() where run_id <> %(run_id)s returning epoch

-- name: forget_strays
-- Ids of other people's messages (typed on the phone) are kept 72 hours for the resolver.
delete from provider_messages where ctid = any (array(
    select ctid from provider_messages
    where message_id is null and seen_at < now() - interval '72 hours' limit %(limit)s))

-- name: forget_risen
-- Late evidence showed that they went out after all.
delete from dead_letters d using messages m where m.id = d.message_id and m.state <> 'dead'

-- name: forget_rests
-- What rested because of a refusal, and does so no longer.
delete from rests where until < now()

-- name: forget_keys
-- Idempotency keys past their time.
delete from idempotency where ctid = any (array(
    select ctid from idempotency where created_at < now() - make_interval(days => %(days)s) limit %(limit)s))
