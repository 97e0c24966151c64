-- name: find_conversions
-- A page of conversions as they are now, the newest first; each of those that some figure was made of.
with page as materialized (
    select c.*
    from conversions c
    where c.account = %(account)s and c.original_id = c.id and c.id < %(before)s::uuid
        and (%(id)s::uuid is null or c.id = %(id)s)
        and (%(kind)s::text is null or c.kind = %(kind)s)
        -- A person is all contacts merged into one.
        and (%(contact_id)s::uuid is null or c.contact_id in (
            select m.id from contacts m where m.id = %(contact_id)s or m.merged_into = %(contact_id)s
        ))
        and (%(external_id)s::text is null or c.external_id = %(external_id)s)
        -- Of a period: those with a row in it, so that a refund of today leads to the sale of last week.
        and (%(since)s::timestamptz is null or c.id in (
            select e.original_id from conversions e where e.occurred_at >= %(since)s and e.occurred_at < %(until)s
        ))
        and (%(campaign_id)s::uuid is null or c.id in (
            select t.conversion_id from conversion_touches t
            where t.campaign_id = %(campaign_id)s and case when %(touch)s = 'first' then t.first else t.last end
        ))
    order by c.id desc limit %(limit)s
)
select c.id, c.kind, c.contact_id, p.phone, c.currency, u.exponent, s.net, s.gross, s.counts, c.external_id,
    c.message_id, c.campaign_id, c.source, c.note, c.occurred_at, c.recorded_at, c.recorded_by
from page c
left join contacts p on p.id = c.contact_id
left join currencies u on u.code = c.currency,
lateral (
    select sum(amount)::bigint as net, sum(amount) filter (where event <> 'refunded')::bigint as gross,
        sum(counts)::integer as counts
    from conversions e where e.original_id = c.id
) s
order by c.id desc

-- name: read_events
-- Every row of a conversion, the oldest first.
select id, event, amount, external_id, note, occurred_at, recorded_at, recorded_by
from conversions where original_id = %(id)s order by recorded_at, id

-- name: read_touches
-- What came before it.
select kind, at, instance, message_id, click_id, link_id, heard_id, referral, campaign_id, template, tags, first, last
from conversion_touches where conversion_id = %(id)s order by place

-- name: export_conversions
-- Every row of a span, the oldest first, for a sheet.
select c.id, c.original_id, c.event, c.kind, p.phone, c.contact_id, c.amount, c.currency, u.exponent, c.occurred_at,
    c.external_id, c.message_id, c.campaign_id, c.note, c.source, c.recorded_at, c.recorded_by
from conversions c left join contacts p on p.id = c.contact_id left join currencies u on u.code = c.currency
where c.account = %(account)s and c.occurred_at >= %(since)s and c.occurred_at < %(until)s
order by c.occurred_at, c.id limit %(limit)s
