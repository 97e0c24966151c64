-- name: doubtful
-- A page of messages in doubt, the oldest first. `answer`: the provider's id, where its answer was noted by a worker that
-- died before it changed the message: such an id is the message's already, and no look-up names it any more.
select m.id, m.attempt, m.instance, m.recipient, m.fingerprint, m.intent_at, m.unknown_at, m.priority, m.ordinal,
    m.reason_code, c.unknown as policy, (
        select a.provider_id from attempts a
        where a.message_id = m.id and a.attempt = m.attempt and a.outcome = 'sent') as answer
from messages m join classes c on c.class = m.class
where m.unknown_at is not null and m.state = 'unknown' and (m.unknown_at, m.id) > (%(after)s, %(after_id)s)
order by m.unknown_at, m.id limit %(limit)s

-- name: count_doubts
-- How many messages are in doubt, and since when the oldest is.
select count(*)::integer as n, coalesce(extract(epoch from now() - min(unknown_at)), 0)::float8 as oldest_seconds
from messages where unknown_at is not null and state = 'unknown'

-- name: late_doubts
-- Given up for doubt, and an event with the same words or our reference, not yet claimed by a message, tells of them
-- after all. Such events are kept for three days.
select m.id, m.attempt, m.instance, m.recipient, m.fingerprint, m.intent_at, m.unknown_at, m.priority, m.ordinal,
    m.reason_code, 'hold' as policy
from messages m
where m.unknown_at > now() - interval '73 hours' and m.state = 'dead' and exists (
    select from provider_messages p
    where p.instance = m.instance and p.message_id is null and p.seen_at >= m.intent_at - interval '120 seconds'
        and (p.reference = m.id::text or p.provider_id = m.id::text or (p.by_api is not false
            and p.recipient is not null and p.fingerprint is not distinct from m.fingerprint))
)
order by m.unknown_at limit %(limit)s

-- name: own_events
-- Our own sends as the provider's events told them, to one recipient or with our reference, not yet claimed by a message.
-- The window opens 120 s before the intent, because clocks differ.
select provider_id, fingerprint, reference from provider_messages
where instance = %(instance)s and message_id is null and by_api is not false
    and (recipient = any (%(recipients)s::text[]) or reference = %(reference)s or provider_id = %(reference)s)
    and seen_at >= %(since)s
order by seen_at

-- name: mapped_ids
-- Which of these provider ids cannot be the message looked for: another's already, or typed on the phone.
select provider_id from provider_messages
where instance = %(instance)s and provider_id = any (%(provider_ids)s::text[])
    and (message_id is not null or by_api is false)

-- name: twins_in_flight
-- Messages with the same words to the same person whose own event may have come before their result: while there is one,
-- an unclaimed event could be theirs.
select count(*)::integer as n from messages
where open and state = 'sending' and instance = %(instance)s and recipient = %(recipient)s
    and fingerprint is not distinct from %(fingerprint)s

-- name: claim_provider_id
-- This id is the message's, unless it is another's already. Its rank; nothing when it is another's.
insert into provider_messages as p (instance, provider_id, message_id, attempt, rank, recipient, seen_at)
values (%(instance)s, %(provider_id)s, %(message_id)s, %(attempt)s, 1, %(recipient)s, %(seen_at)s)
on conflict (instance, provider_id) do update
    set message_id = excluded.message_id, attempt = excluded.attempt, rank = greatest(p.rank, 1)
    where coalesce(p.message_id, excluded.message_id) = excluded.message_id
returning rank

-- name: resolve_not_sent
-- Proved not sent: back into the queue, in its old place. Not while webhooks wait to be applied: one may tell of it.
update messages
set state = 'queued', state_at = now(), unknown_at = null, next_attempt_at = now(), tries = tries + 1,
    reason_code = 'proved_not_sent', reason_text = 'The provider shows other messages of that time and not this one.'
where id = %(id)s and state = 'unknown' and attempt = %(attempt)s
    and not exists (select from inbound_unapplied where created_at < now() - interval '1 second')
returning id

-- name: resend_doubt
-- Nothing proved it either way before the deadline, and the class of the message would rather have it twice than not.
update messages
set state = 'queued', state_at = now(), unknown_at = null, next_attempt_at = now(), tries = tries + 1,
    reason_code = 'resent_in_doubt', reason_text = 'Nothing showed whether it went out, and its class is sent again then.'
where id = %(id)s and state = 'unknown' and attempt = %(attempt)s
returning id

-- name: give_up_doubt
-- Nothing proved it either way before the deadline: a person decides, unless late evidence does; so `unknown_at` stays.
with given as (
    update messages
    set state = 'dead', state_at = now(), reason_code = 'unknown_outcome',
        reason_text = 'Nothing shows whether it went out. Look at the chat, then requeue or discard it.'
    where id = %(id)s and state = 'unknown' and attempt = %(attempt)s
    returning id, instance, campaign_id, template, class
), tallied as (
    insert into tally_deltas (at, instance, campaign_id, template, class, what, cause, n)
    select quarter(now()), instance, campaign_id, template, class, 'dead', 'unknown_outcome', 1 from given
), buried as (
    insert into dead_letters (message_id, instance, reason_code)
    select id, instance, 'unknown_outcome' from given
    on conflict do nothing
)
select id from given
