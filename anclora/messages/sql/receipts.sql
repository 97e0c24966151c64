-- name: apply_receipts
-- Receipts meet results on one row, whichever comes first (the result's half is in results.sql), and raise the messages
-- they belong to. Ranks never fall; an error wins only below delivered; evidence also ends doubt and retry. One fact a
-- key, sorted by key. Only messages between `low` and `high` are raised, so that a plan made once leaves the other
-- partitions out; the ids of others come back unchanged, to be asked for with other bounds.
with met as (
    insert into provider_messages as p (
        instance, provider_id, rank, acked_at, delivered_at, read_at, played_at, error_at, error_text, recipient,
        fingerprint, by_api, seen_at, reference
    )
    select instance, provider_id, coalesce(rank, 0), acked_at, delivered_at, read_at, played_at, error_at, error_text,
        recipient, fingerprint, by_api, seen_at, reference
    from json_to_recordset(%(facts)s::json) as f (
        instance text, provider_id text, rank smallint, acked_at timestamptz, delivered_at timestamptz,
        read_at timestamptz, played_at timestamptz, error_at timestamptz, error_text text, recipient text,
        fingerprint text, by_api boolean, seen_at timestamptz, reference text)
    order by instance, provider_id
    on conflict (instance, provider_id) do update
        set rank = greatest(p.rank, excluded.rank),
            acked_at = coalesce(p.acked_at, excluded.acked_at),
            delivered_at = coalesce(p.delivered_at, excluded.delivered_at),
            read_at = coalesce(p.read_at, excluded.read_at),
            played_at = coalesce(p.played_at, excluded.played_at),
            error_at = coalesce(p.error_at, excluded.error_at),
            error_text = coalesce(p.error_text, excluded.error_text),
            recipient = coalesce(p.recipient, excluded.recipient),
            fingerprint = coalesce(p.fingerprint, excluded.fingerprint),
            by_api = coalesce(p.by_api or excluded.by_api, p.by_api, excluded.by_api),
            -- Of use only while no message is known, and indexed: to set it later would end the HOT update.
            seen_at = case when p.message_id is null then coalesce(p.seen_at, excluded.seen_at) else p.seen_at end,
            reference = coalesce(p.reference, excluded.reference)
    returning provider_id, message_id, attempt, rank, delivered_at, read_at, played_at, error_at, error_text
), wanted as materialized (
    -- A message with two attempts may have two provider ids; the higher rank counts.
    select distinct on (message_id) met.*, (array['sent', 'delivered', 'read', 'played'])[rank] as target,
        error_at is not null and rank <= 1 as refused
    from met where message_id is not null
    order by message_id, rank desc
), locked as materialized (
    select m.id, m.sent_at as old_sent_at, m.delivered_at as old_delivered_at, m.read_at as old_read_at,
        m.played_at as old_played_at, case when m.state = 'dead' then m.state_at end as old_dead_at,
        m.reason_code as old_reason_code
    from messages m
    where m.id = any (array(select message_id from wanted)) and m.id between %(low)s::uuid and %(high)s::uuid
    order by m.id
    for update
), known as materialized (
    -- Apart from what follows: as one join the planner compares all with all.
    select * from wanted w join locked l on l.id = w.message_id
), raised as (
    update messages m
    set state = case when w.refused then 'failed' else w.target end,
        state_at = now(),
        sent_at = coalesce(m.sent_at, now()),
        delivered_at = coalesce(m.delivered_at, w.delivered_at),
        read_at = coalesce(m.read_at, w.read_at),
        played_at = coalesce(m.played_at, w.played_at),
        provider_id = coalesce(m.provider_id, w.provider_id),
        unknown_at = null,
        worker_id = null,
        reason_code = case when w.refused then 'provider_error' end,
        reason_text = case when w.refused then w.error_text end
    from known w
    -- The array makes `locked` whole before the first message changes: everybody locks in this order. And by it the few
    -- rows are looked up, where a join alone made the planner read all between the bounds.
    where m.id = any (array(select id from locked)) and m.id between %(low)s::uuid and %(high)s::uuid
        and m.id = w.message_id
        and (
            (w.refused and m.state in ('sending', 'sent', 'unknown') and m.attempt = w.attempt)
            or (w.target is not null and (
                m.state in ('queued', 'unknown')
                or (m.state = 'sending' and m.attempt = w.attempt)
                or (m.state = 'dead' and m.reason_code = 'unknown_outcome')
                or coalesce(array_position(array['sent', 'delivered', 'read', 'played'], m.state), 9) < w.rank))
        )
    returning m.id, m.instance, m.campaign_id, m.template, m.class, m.state, m.reason_code, m.sent_at, m.delivered_at,
        m.read_at, m.played_at, w.old_sent_at, w.old_delivered_at, w.old_read_at, w.old_played_at, w.old_dead_at,
        w.old_reason_code, w.provider_id
), tallied as (
    -- What is new of these messages, and what is no longer so: few rows, whatever the number of messages.
    insert into tally_deltas (at, instance, campaign_id, template, class, what, cause, n)
    select quarter(sent_at), instance, campaign_id, template, class, 'sent', null, count(*)
    from raised where old_sent_at is null and sent_at is not null group by 1, 2, 3, 4, 5
    union all
    select quarter(delivered_at), instance, campaign_id, template, class, 'delivered', null, count(*)
    from raised where old_delivered_at is null and delivered_at is not null group by 1, 2, 3, 4, 5
    union all
    select quarter(read_at), instance, campaign_id, template, class, 'read', null, count(*)
    from raised where old_read_at is null and read_at is not null group by 1, 2, 3, 4, 5
    union all
    select quarter(played_at), instance, campaign_id, template, class, 'played', null, count(*)
    from raised where old_played_at is null and played_at is not null group by 1, 2, 3, 4, 5
    union all
    select quarter(now()), instance, campaign_id, template, class, state, reason_code, count(*)
    from raised where state in ('failed', 'dead') group by 2, 3, 4, 5, 6, 7
    union all
    select quarter(old_dead_at), instance, campaign_id, template, class, 'dead', old_reason_code, -count(*)
    from raised where old_dead_at is not null group by 1, 2, 3, 4, 5, 7
)
select id, true as changed, old_sent_at is null as newly_sent, state = 'failed' as refused, instance, provider_id from raised
union all
select message_id, false, false, false, null, null from wanted where message_id not between %(low)s::uuid and %(high)s::uuid

-- name: raise_receipts
-- Receipts of delivery and more for messages that a server has acknowledged, as nearly all are: the message alone is
-- raised, since nobody asks its provider's row for more. Gives back the keys of those it leaves to `apply_receipts`: not
-- known yet, not acknowledged, in another state, outside of the bounds.
with found as materialized (
    -- Few moments are different, and each costs more to read than the place where it stands.
    select f.instance, f.provider_id, f.rank, (%(moments)s::timestamptz[])[f.delivered] as delivered_at,
        (%(moments)s::timestamptz[])[f.read] as read_at, (%(moments)s::timestamptz[])[f.played] as played_at, p.message_id
    from json_to_recordset(%(facts)s::json) as f (
        instance text, provider_id text, rank smallint, delivered integer, read integer, played integer)
    left join lateral (
        select p.message_id from provider_messages p
        where p.instance = f.instance and p.provider_id = f.provider_id and p.acked_at is not null
        offset 0
    ) p on true
), locked as materialized (
    select m.id, m.state, m.delivered_at as old_delivered_at, m.read_at as old_read_at, m.played_at as old_played_at
    from messages m
    where m.id = any (array(select message_id from found)) and m.id between %(low)s::uuid and %(high)s::uuid
        and m.state in ('sent', 'delivered', 'read', 'played')
    order by m.id
    for update
), known as materialized (
    -- A full join is never done by comparing all with all; nothing is locked that was not found.
    select * from found f full join locked l on l.id = f.message_id
), higher as materialized (
    -- A message with two attempts may have two provider ids; the higher rank counts.
    select distinct on (id) * from known
    where array_position(array['sent', 'delivered', 'read', 'played'], state) < rank
    order by id, rank desc
), raised as (
    update messages m
    set state = (array['sent', 'delivered', 'read', 'played'])[h.rank],
        state_at = now(),
        delivered_at = coalesce(h.old_delivered_at, h.delivered_at),
        read_at = coalesce(h.old_read_at, h.read_at),
        played_at = coalesce(h.old_played_at, h.played_at)
    from higher h
    where m.id = any (array(select id from higher)) and m.id between %(low)s::uuid and %(high)s::uuid and m.id = h.id
    returning m.instance, m.campaign_id, m.template, m.class, m.delivered_at, m.read_at, m.played_at, h.old_delivered_at,
        h.old_read_at, h.old_played_at
), tallied as (
    insert into tally_deltas (at, instance, campaign_id, template, class, what, cause, n)
    select quarter(delivered_at), instance, campaign_id, template, class, 'delivered', null, count(*)
    from raised where old_delivered_at is null and delivered_at is not null group by 1, 2, 3, 4, 5
    union all
    select quarter(read_at), instance, campaign_id, template, class, 'read', null, count(*)
    from raised where old_read_at is null and read_at is not null group by 1, 2, 3, 4, 5
    union all
    select quarter(played_at), instance, campaign_id, template, class, 'played', null, count(*)
    from raised where old_played_at is null and played_at is not null group by 1, 2, 3, 4, 5
)
select instance, provider_id from known where id is null
