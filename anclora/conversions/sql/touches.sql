-- name: find_touches
-- What reached people in the window before their conversions: messages that can be put down to something, when they were
-- delivered (or read, where nobody told of the delivery), links they followed, and advertisements that brought them. A
-- person is all contacts merged into one. The newest 500 of each.
with asked as materialized (
    select * from json_to_recordset(%(asked)s::json) as a (id uuid, contact_id uuid, since timestamptz, until timestamptz)
), people as materialized (
    select a.id, a.contact_id as member_id, a.since, a.until from asked a
    union all
    select a.id, c.id, a.since, a.until from asked a join contacts c on c.merged_into = a.contact_id
)
select p.id as conversion_id, t.*
from people p, lateral (
    select 'message' as kind, coalesce(m.delivered_at, m.read_at) as at, m.id, m.instance, m.id as message_id,
        null::uuid as click_id, null::uuid as link_id, null::uuid as heard_id, null::jsonb as referral, m.campaign_id,
        case when m.kind = 'template' then convert_from(m.content, 'UTF8')::jsonb ->> 'name' end as template, m.tags
    from messages m
    where m.contact_id = p.member_id and (m.campaign_id is not null or m.tags <> '{}' or m.kind = 'template')
        and coalesce(m.delivered_at, m.read_at) > p.since and coalesce(m.delivered_at, m.read_at) <= p.until
    order by coalesce(m.delivered_at, m.read_at) desc limit 500
) t
union all
select p.id, t.*
from people p, lateral (
    select 'click', k.at, k.id, m.instance, l.message_id, k.id, l.id, null::uuid, null::jsonb,
        coalesce(l.campaign_id, m.campaign_id),
        case when m.kind = 'template' then convert_from(m.content, 'UTF8')::jsonb ->> 'name' end,
        coalesce(m.tags, '{}')
    from links l join link_clicks k on k.link_id = l.id left join messages m on m.id = l.message_id
    where l.contact_id = p.member_id and k.scanner is null and k.at > p.since and k.at <= p.until
    order by k.at desc limit 500
) t
union all
select p.id, t.*
from people p, lateral (
    select 'referral', h.at, h.id, h.instance, null::uuid, null::uuid, null::uuid, h.id, h.referral, null::uuid, null,
        '{}'::text[]
    from heard h
    where h.contact_id = p.member_id and h.referral is not null and h.at > p.since and h.at <= p.until
    order by h.at desc limit 500
) t

-- name: find_named
-- The messages somebody named as what led to a conversion.
select m.id, m.instance, m.campaign_id, m.tags,
    case when m.kind = 'template' then convert_from(m.content, 'UTF8')::jsonb ->> 'name' end as template
from messages m where m.id = any (%(ids)s::uuid[])

-- name: insert_touches
-- The touches of conversions, and which of them each is put down to.
insert into conversion_touches (
    conversion_id, place, kind, at, instance, message_id, click_id, link_id, heard_id, referral, campaign_id,
    template, tags, first, last
)
select conversion_id, place, kind, at, instance, message_id, click_id, link_id, heard_id, referral, campaign_id, template,
    array(select json_array_elements_text(tags)), first, last
from json_to_recordset(%(touches)s::json) as t (
    conversion_id uuid, place integer, kind text, at timestamptz, instance text, message_id uuid, click_id uuid,
    link_id uuid, heard_id uuid, referral jsonb, campaign_id uuid, template text, tags json, first boolean, last boolean
)
