-- name: store_results
-- Every attempt is a fact, whatever becomes of the message; a later, better word about the same attempt wins.
-- Result and receipt meet in `provider_messages`, whichever comes first (the receipt's half is in receipts.sql): a receipt
-- that came first raises the rank at once. Two answers with the same id cannot be told apart; the later one keeps it.
-- The fence: a result changes the message only for the attempt that is open, except that a late success is evidence for
-- a message that waits, is in doubt, or was given up for doubt.
with results as materialized (
    select * from rows from (json_to_recordset(%(rows)s::json) as (
        id uuid, attempt integer, instance text, intent_at timestamptz, finished_at timestamptz, outcome text,
        code text, text text, provider_id text, state text, next_attempt_at timestamptz, costs_try boolean,
        paused boolean, blocks_seconds float8, reason_code text, reason_text text)) with ordinality as r (
        id, attempt, instance, intent_at, finished_at, outcome, code, text, provider_id, state, next_attempt_at,
        costs_try, paused, blocks_seconds, reason_code, reason_text, place)
), rests_wanted as materialized (
    select * from json_to_recordset(%(rests)s::json) as r (
        instance text, recipient text, class text, until timestamptz, follow_seconds float8, reason text, probe uuid,
        account boolean)
), resting_lanes as materialized (
    select i.name, r.reason,
        r.until + make_interval(secs => case when i.name = r.instance then 0 else r.follow_seconds end) as until
    from rests_wanted r
    join instances i on i.name = r.instance
        or (r.account and i.provider = (select o.provider from instances o where o.name = r.instance))
    where r.recipient = '' and r.class = ''
    order by i.name
    for update of i
), rested as (
    -- A refusing number rests; the ledger knows it too, for whoever rebuilds the lanes.
    update instances i
    set paused_until = greatest(i.paused_until, l.until), pause_reason = l.reason
    from resting_lanes l
    where i.name = l.name
), limited as (
    -- What is less than a lane rests in the ledger alone; the intent holds it back.
    insert into rests as s (instance, recipient, class, until, reason, probe)
    select instance, recipient, class, until + make_interval(secs => follow_seconds), reason, probe
    from rests_wanted where recipient <> '' or class <> ''
    on conflict (instance, recipient, class) do update
        set until = greatest(s.until, excluded.until), reason = excluded.reason,
            probe = case when excluded.until >= s.until then excluded.probe else s.probe end
), woken as (
    delete from rests where cardinality(%(woken)s::uuid[]) > 0 and probe = any (%(woken)s::uuid[])
), noted as (
    insert into attempts (
        message_id, attempt, worker_id, instance, intent_at, finished_at, outcome, code, text, provider_id
    )
    select id, attempt, %(worker_id)s, instance, intent_at, finished_at, outcome, code, text, provider_id from results
    on conflict (message_id, attempt) do update
        set outcome = excluded.outcome, code = excluded.code, text = excluded.text, provider_id = excluded.provider_id,
            finished_at = excluded.finished_at
), met as (
    insert into provider_messages (instance, provider_id, message_id, attempt)
    select distinct on (instance, provider_id) instance, provider_id, id, attempt
    from results
    where provider_id is not null
    order by instance, provider_id, place desc
    on conflict (instance, provider_id) do update
        set message_id = excluded.message_id, attempt = excluded.attempt
    returning instance, provider_id, rank, delivered_at, read_at, played_at, error_at, error_text
), locked as materialized (
    select m.id, m.attempt, m.state, m.reason_code, m.state_at, m.sent_at, m.delivered_at, m.read_at, m.played_at
    from messages m
    -- The count makes `met` whole before the first message is locked: everybody locks in this order.
    where m.id = any (%(ids)s::uuid[]) and m.id between %(low)s::uuid and %(high)s::uuid and (select count(*) from met) >= 0
    order by m.id
    for update
), wanted as materialized (
    select r.id, r.instance, r.finished_at, r.next_attempt_at, r.costs_try, r.paused, r.blocks_seconds, r.reason_code,
        r.reason_text, r.provider_id, met.delivered_at, met.read_at, met.played_at,
        l.sent_at as old_sent_at, l.delivered_at as old_delivered_at, l.read_at as old_read_at,
        l.played_at as old_played_at, case when l.state = 'dead' then l.state_at end as old_dead_at,
        l.reason_code as old_reason_code,
        case
            when r.state <> 'sent' or met.rank is null or met.rank <= 1 then
                case when r.state = 'sent' and met.error_at is not null then 'failed' else r.state end
            else (array['sent', 'delivered', 'read', 'played'])[met.rank]
        end as state,
        case when r.state = 'sent' and coalesce(met.rank, 0) <= 1 then met.error_text end as error_text,
        (l.attempt = r.attempt and l.state in ('sending', 'unknown'))
            or (r.provider_id is not null and (l.state in ('queued', 'unknown')
                or (l.state = 'dead' and l.reason_code = 'unknown_outcome'))) as passes
    from results r
    join locked l on l.id = r.id
    left join met on met.instance = r.instance and met.provider_id = r.provider_id
), buried as (
    insert into dead_letters (message_id, instance, reason_code)
    select w.id, w.instance, coalesce(w.reason_code, 'unknown') from wanted w where w.state = 'dead' and w.passes
    on conflict do nothing
), changed as (
    update messages m
    set state = w.state,
        state_at = now(),
        next_attempt_at = coalesce(w.next_attempt_at, m.next_attempt_at),
        tries = m.tries + coalesce(w.costs_try, false)::integer,
        lane_refusals = case when w.paused then m.lane_refusals + 1 else 0 end,
        blocks_until = coalesce(m.blocks_until, now() + make_interval(secs => w.blocks_seconds)),
        unknown_at = case when w.state = 'unknown' then now() end,
        worker_id = null,
        sent_at = case when w.provider_id is not null then coalesce(m.sent_at, w.finished_at) else m.sent_at end,
        delivered_at = coalesce(m.delivered_at, w.delivered_at),
        read_at = coalesce(m.read_at, w.read_at),
        played_at = coalesce(m.played_at, w.played_at),
        provider_id = coalesce(w.provider_id, m.provider_id),
        reason_code = case when w.state = 'failed' then coalesce(w.reason_code, 'provider_error') else w.reason_code end,
        reason_text = coalesce(w.error_text, w.reason_text)
    from wanted w
    where m.id = w.id and m.id between %(low)s::uuid and %(high)s::uuid and w.passes
    returning m.id, m.blocks_until, m.instance, m.campaign_id, m.template, m.class, m.state, m.reason_code, m.sent_at,
        m.delivered_at, m.read_at, m.played_at, w.old_sent_at, w.old_delivered_at, w.old_read_at, w.old_played_at,
        w.old_dead_at, w.old_reason_code
), tallied as (
    -- What is new of these messages, and what is no longer so: few rows, whatever the number of messages.
    insert into tally_deltas (at, instance, campaign_id, template, class, what, cause, n)
    select quarter(sent_at), instance, campaign_id, template, class, 'sent', null, count(*)
    from changed where old_sent_at is null and sent_at is not null group by 1, 2, 3, 4, 5
    union all
    select quarter(delivered_at), instance, campaign_id, template, class, 'delivered', null, count(*)
    from changed where old_delivered_at is null and delivered_at is not null group by 1, 2, 3, 4, 5
    union all
    select quarter(read_at), instance, campaign_id, template, class, 'read', null, count(*)
    from changed where old_read_at is null and read_at is not null group by 1, 2, 3, 4, 5
    union all
    select quarter(played_at), instance, campaign_id, template, class, 'played', null, count(*)
    from changed where old_played_at is null and played_at is not null group by 1, 2, 3, 4, 5
    union all
    select quarter(now()), instance, campaign_id, template, class, state, reason_code, count(*)
    from changed where state in ('failed', 'dead') group by 2, 3, 4, 5, 6, 7
    union all
    select quarter(old_dead_at), instance, campaign_id, template, class, 'dead', old_reason_code, -count(*)
    from changed where old_dead_at is not null group by 1, 2, 3, 4, 5, 7
)
select id, blocks_until, state from changed

-- name: store_sent
-- What most attempts come to: sent, by the attempt that is open, with nothing to wake and no word from the provider yet.
-- A third cheaper than `store_results`, which takes whatever this one does not return. The rows come in the order of their ids: it is the one of the locks.
with results as materialized (
    select * from json_to_recordset(%(rows)s::json) as r (
        id uuid, attempt integer, instance text, intent_at timestamptz, finished_at timestamptz, provider_id text)
), noted as (
    -- An attempt that was noted before is not plain: the statement fails as a whole.
    insert into attempts (message_id, attempt, worker_id, instance, intent_at, finished_at, outcome, provider_id)
    select id, attempt, %(worker_id)s, instance, intent_at, finished_at, 'sent', provider_id from results
), met as (
    insert into provider_messages (instance, provider_id, message_id, attempt)
    select instance, provider_id, id, attempt from results
    order by instance, provider_id
    on conflict (instance, provider_id) do update
        set message_id = excluded.message_id, attempt = excluded.attempt
    returning message_id, rank, error_at
), early as materialized (
    -- To know these makes `met` whole before the first message is locked: everybody locks in this order.
    select array_agg(message_id) as ids from met where rank > 1 or error_at is not null
), changed as (
    update messages m
    set state = 'sent', state_at = now(), lane_refusals = 0, worker_id = null, unknown_at = null,
        sent_at = r.finished_at, provider_id = r.provider_id, reason_code = null, reason_text = null
    from results r
    where m.id = any (%(ids)s::uuid[]) and m.id between %(low)s::uuid and %(high)s::uuid and m.id = r.id
        and m.attempt = r.attempt and m.state = 'sending' and m.sent_at is null
        and coalesce(m.id <> all ((select ids from early)::uuid[]), true)
    returning m.id, m.blocks_until, m.state, m.instance, m.campaign_id, m.template, m.class, m.sent_at
), tallied as (
    insert into tally_deltas (at, instance, campaign_id, template, class, what, cause, n)
    select quarter(sent_at), instance, campaign_id, template, class, 'sent', null, count(*)
    from changed group by 1, 2, 3, 4, 5
)
select id, blocks_until, state from changed

-- name: read_fences
-- Where messages stand whose result changed nothing.
select id, attempt, state from messages where id = any (%(ids)s::uuid[])

-- name: note_message
-- A line in the timeline of a message.
insert into message_notes (id, message_id, kind, detail)
values (%(id)s, %(message_id)s, %(kind)s, %(detail)s)

-- name: note_messages
-- The same line in the timelines of several messages.
insert into message_notes (id, message_id, kind, detail)
select id, message_id, %(kind)s, %(detail)s
from unnest(%(ids)s::uuid[], %(message_ids)s::uuid[]) as n (id, message_id)
