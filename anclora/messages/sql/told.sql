-- name: store_results_told
-- extends: store_results
-- The same while somebody subscribes to what it may tell: one event for each message that changed, of the state it reached.
facts as materialized (
    select w.id, w.state, w.provider_id,
        case when w.state = 'failed' then coalesce(w.reason_code, 'provider_error') else w.reason_code end as reason_code,
        coalesce(w.error_text, w.reason_text) as reason_text
    from ended d join wanted w on w.id = d.id
    where 'message.' || w.state = any (%(told)s::text[])
), told as (
    insert into events (id, type, subject, instance, at, data)
    select uuid_v7(), 'message.' || f.state, 'message:' || m.id, m.instance, now(),
        message_event(m.id, m.recipient, m.instance, m.class, m.client_ref, m.campaign_id, m.tags, f.state,
            coalesce(f.provider_id, m.provider_id), f.reason_code, f.reason_text)
    from facts f join messages m on m.id = f.id
    where m.id = any (array(select id from facts)) and m.id between %(low)s::uuid and %(high)s::uuid
    returning id
), unread as (
    insert into events_unread (event_ids) select array_agg(id) from told having count(*) > 0
)
select * from ended

-- name: apply_receipts_told
-- extends: apply_receipts
-- The same while somebody subscribes to what it may tell: one event for each message that was raised, of the state it
-- reached.
facts as materialized (
    select w.message_id as id, case when w.refused then 'failed' else w.target end as state, w.provider_id,
        case when w.refused then 'provider_error' end as reason_code, case when w.refused then w.error_text end as reason_text
    from ended d join wanted w on w.message_id = d.id
    where d.changed and 'message.' || case when w.refused then 'failed' else w.target end = any (%(told)s::text[])
), told as (
    insert into events (id, type, subject, instance, at, data)
    select uuid_v7(), 'message.' || f.state, 'message:' || m.id, m.instance, now(),
        message_event(m.id, m.recipient, m.instance, m.class, m.client_ref, m.campaign_id, m.tags, f.state,
            coalesce(m.provider_id, f.provider_id), f.reason_code, f.reason_text)
    from facts f join messages m on m.id = f.id
    where m.id = any (array(select id from facts)) and m.id between %(low)s::uuid and %(high)s::uuid
    returning id
), unread as (
    insert into events_unread (event_ids) select array_agg(id) from told having count(*) > 0
)
select * from ended

-- name: intend_told
-- extends: intend
-- The same while somebody subscribes to messages that are given up or expire: those too old or too late to be sent are.
facts as materialized (
    select d.id, d.verdict from ended d
    where d.verdict in ('dead', 'expired') and 'message.' || d.verdict = any (%(told)s::text[])
), told as (
    insert into events (id, type, subject, instance, at, data)
    select uuid_v7(), 'message.' || f.verdict, 'message:' || m.id, m.instance, now(),
        message_event(m.id, m.recipient, m.instance, m.class, m.client_ref, m.campaign_id, m.tags, f.verdict, m.provider_id,
            case f.verdict when 'dead' then 'too_old' else 'expired' end, m.reason_text)
    from facts f join messages m on m.id = f.id
    where m.id = any (array(select id from facts)) and m.id between %(low)s::uuid and %(high)s::uuid
    returning id
), unread as (
    insert into events_unread (event_ids) select array_agg(id) from told having count(*) > 0
)
select * from ended

-- name: expire_told
-- extends: expire
-- The same while somebody subscribes to messages that expire.
told as (
    insert into events (id, type, subject, instance, at, data)
    select uuid_v7(), 'message.expired', 'message:' || m.id, m.instance, now(),
        message_event(m.id, m.recipient, m.instance, m.class, m.client_ref, m.campaign_id, m.tags, 'expired', m.provider_id,
            'expired', m.reason_text)
    from messages m
    where m.id = any (array(select id from ended)) and 'message.expired' = any (%(told)s::text[])
    returning id
), unread as (
    insert into events_unread (event_ids) select array_agg(id) from told having count(*) > 0
)
select * from ended

-- name: give_up_doubt_told
-- extends: give_up_doubt
-- The same while somebody subscribes to messages that are given up.
told as (
    insert into events (id, type, subject, instance, at, data)
    select uuid_v7(), 'message.dead', 'message:' || m.id, m.instance, now(),
        message_event(m.id, m.recipient, m.instance, m.class, m.client_ref, m.campaign_id, m.tags, 'dead', m.provider_id,
            'unknown_outcome', null)
    from ended d join messages m on m.id = d.id
    where m.id = %(id)s and 'message.dead' = any (%(told)s::text[])
    returning id
), unread as (
    insert into events_unread (event_ids) select array_agg(id) from told having count(*) > 0
)
select id from ended
