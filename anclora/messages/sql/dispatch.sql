-- name: intend
-- The intent: a compare-and-set committed before the request leaves. Locks in id order. Each id that may not go is
-- classified in the same transaction, so that the lane learns why. `quiet` is null while no class has quiet hours, else
-- {"windows": {class: hours}, "people": {recipient: {class: until}}, "zones": {zone: the same}}, of those quiet now.
with locked as materialized (
    select m.id, m.state, m.instance, m.recipient, m.priority, m.ordinal, m.contact_id, m.next_attempt_at,
        m.hold_until, m.expires_at, m.eligible_at,
        case when (select exists (select from gates where what in ('class', 'campaign', 'tag'))) then (
            select g.what || ':' || g.value from gates g
            where (g.what = 'class' and g.value = m.class) or (g.what = 'campaign' and g.value = m.campaign_id::text)
                or (g.what = 'tag' and g.value = any (m.tags))
            order by g.closed_at limit 1) end as gate,
        case when %(quiet)s::jsonb is not null then (
            select (coalesce(%(quiet)s::jsonb -> 'zones' -> c.zone,
                case when c.zone is null then %(quiet)s::jsonb -> 'people' -> m.recipient end) ->> m.class)::timestamptz
            from contacts c where c.id = m.contact_id) end as quiet_until,
        case when (select exists (select from rests where until > now())) then (
            select r from rests r
            where r.instance = m.instance and r.recipient in ('', m.recipient) and r.class in ('', m.class)
                and r.until > now() and r.probe is distinct from m.id
            order by r.until desc limit 1) end as rest
    from messages m
    where m.id = any (%(ids)s::uuid[]) and m.id between %(low)s::uuid and %(high)s::uuid
    order by m.id
    for update of m
), judged as materialized (
    select l.id, l.instance, l.state, l.next_attempt_at, l.gate, l.quiet_until, l.rest,
        case
            when l.state <> 'queued' then 'not_queued'
            when (select c.opted_out_at from contacts c where c.id = l.contact_id) is not null then 'blocked'
            when l.expires_at <= now() then 'expired'
            when now() - l.eligible_at > make_interval(secs => %(max_age_seconds)s) then 'dead'
            when l.gate is not null or coalesce(l.quiet_until, (l.rest).until) is not null or l.hold_until > now()
                then 'held'
            when l.next_attempt_at > now() then 'not_due'
            when exists (
                select from messages h
                where h.instance = l.instance and h.recipient = l.recipient and h.priority = l.priority
                    and h.ordinal < l.ordinal and h.open and h.id < %(horizon)s::uuid
                    and (h.state = 'sending'
                        or (h.hold_reason is null and (h.blocks_until is null or h.blocks_until > now())))
            ) then 'head_blocked'
            else 'sending'
        end as verdict
    from locked l
), changed as (
    update messages m
    set state = case when j.verdict = 'held' then m.state else j.verdict end,
        state_at = case when j.verdict = 'held' then m.state_at else now() end,
        hold_reason = case when j.verdict = 'held' then coalesce(j.gate, case when j.quiet_until is not null
            then 'quiet:' || m.class || ':' || (%(quiet)s::jsonb -> 'windows' ->> m.class) end,
            'rest:' || (j.rest).reason, m.hold_reason) end,
        hold_until = case when j.verdict = 'held' and j.gate is null then
            coalesce(j.quiet_until, (j.rest).until, m.hold_until) end,
        attempt = case when j.verdict = 'sending' then m.attempt + 1 else m.attempt end,
        worker_id = case when j.verdict = 'sending' then %(worker_id)s::uuid end,
        intent_at = case when j.verdict = 'sending' then now() else m.intent_at end,
        reason_code = case j.verdict when 'blocked' then 'opted_out' when 'dead' then 'too_old'
            when 'expired' then 'expired' else m.reason_code end
    from judged j
    -- "not in" tells the planner that most rows go: with "in" it expects none and compares all with all.
    where m.id = j.id and m.id between %(low)s::uuid and %(high)s::uuid
        and j.verdict not in ('not_queued', 'not_due', 'head_blocked')
    returning m.id, case m.state when 'queued' then 'held' else m.state end as verdict, m.next_attempt_at, m.attempt,
        m.instance, m.recipient, m.content, m.class, m.tries, m.lane_refusals, m.eligible_at, m.intent_at,
        m.campaign_id, m.template, m.reason_code
), tallied as (
    insert into tally_deltas (at, instance, campaign_id, template, class, what, cause, n)
    select quarter(now()), instance, campaign_id, template, class, verdict, reason_code, count(*)
    from changed where verdict in ('blocked', 'expired', 'dead')
    group by instance, campaign_id, template, class, verdict, reason_code
), buried as (
    insert into dead_letters (message_id, instance, reason_code)
    select j.id, j.instance, 'too_old' from judged j where j.verdict = 'dead'
    on conflict do nothing
)
-- Two lists and no join: joined, the planner compares each row with all the others.
select id, 'queued', verdict, next_attempt_at, attempt, instance, recipient, content, class, tries, lane_refusals,
    eligible_at, intent_at
from changed
union all
select id, state, verdict, next_attempt_at, null, null, null, null, null, null, null, null, null
from judged
where verdict in ('not_queued', 'not_due', 'head_blocked')

-- name: intend_clear
-- The intents of those that nothing stands in the way of, which most are: one compare-and-set that tells nothing apart,
-- a third cheaper than `intend`, which judges what is left. Whatever `intend` asks is asked here too; what is in doubt,
-- or would need a word about why, is left out.
update messages m
set state = 'sending', state_at = now(), hold_reason = null, hold_until = null, attempt = m.attempt + 1,
    worker_id = %(worker_id)s::uuid, intent_at = now()
where m.id = any (%(ids)s::uuid[]) and m.id between %(low)s::uuid and %(high)s::uuid
    and m.state = 'queued' and m.next_attempt_at <= now()
    and (m.expires_at is null or m.expires_at > now())
    and (m.hold_until is null or m.hold_until <= now())
    and now() - m.eligible_at <= make_interval(secs => %(max_age_seconds)s)
    and not (select exists (select from gates where what in ('class', 'campaign', 'tag')))
    and not (select exists (select from rests where until > now()))
    and not exists (select from contacts c where c.id = m.contact_id and c.opted_out_at is not null)
    and not exists (
        select from messages h
        where h.instance = m.instance and h.recipient = m.recipient and h.priority = m.priority
            and h.ordinal < m.ordinal and h.open and h.id < %(horizon)s::uuid
            and (h.state = 'sending'
                or (h.hold_reason is null and (h.blocks_until is null or h.blocks_until > now())))
    )
returning m.id, 'queued', m.state, m.next_attempt_at, m.attempt, m.instance, m.recipient, m.content, m.class, m.tries,
    m.lane_refusals, m.eligible_at, m.intent_at

-- name: own_intents
-- After a commit whose outcome is unknown: which of these rows became ours.
select id, attempt from messages
where id = any (%(ids)s::uuid[]) and state = 'sending' and worker_id = %(worker_id)s

-- name: give_back
-- Returns what was never posted: allowed only to the worker and the attempt that hold the row.
with mine as materialized (
    select m.id from messages m where m.id = any (%(ids)s::uuid[]) order by m.id for update
)
update messages m
set state = 'queued', state_at = now(), next_attempt_at = now(), worker_id = null
from unnest(%(ids)s::uuid[], %(attempts)s::integer[]) as r (id, attempt), mine
where m.id = any (%(ids)s::uuid[]) and m.id = r.id and m.id = mine.id
    and m.attempt = r.attempt and m.worker_id = %(worker_id)s and m.state = 'sending'
returning m.id

-- name: last_served
-- Until when somebody is known to have taken what was ready.
select max(coalesce(stopped_at, heartbeat_at)) as at from workers where role = %(role)s

-- name: start_worker
-- A row per process start; its heartbeat is the lease of all it sends.
insert into workers (id, role, host, pid) values (%(id)s, %(role)s, %(host)s, %(pid)s)

-- name: beat
-- Still here, by the database's clock. A worker that was already reaped must not go on.
update workers set heartbeat_at = now() where id = %(id)s and reaped_at is null returning id

-- name: end_worker
-- Stopped in order: nothing of it is left in `sending`.
update workers set stopped_at = now() where id = %(id)s
