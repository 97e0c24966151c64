-- name: read_latencies
-- How long messages took that were accepted within these stretches of time: part by part the seconds at each share, and how
-- many there are. The ids bound the stretches, so nothing beside them is read.
select
    case when %(by)s in ('hour', 'day', 'week', 'month') then date_trunc(%(by)s, m.created_at, %(timezone)s) end as at,
    case %(by)s when 'instance' then m.instance when 'campaign' then coalesce(m.campaign_id::text, '')
        when 'template' then coalesce(m.template, '') when 'class' then m.class else '' end as key,
    count(m.sent_at)::integer as to_sent_count,
    count(m.delivered_at)::integer as to_delivered_count,
    count(m.read_at)::integer as to_read_count,
    percentile_disc(%(shares)s::float8[]) within group (order by greatest(0,
        date_part('epoch', m.sent_at - coalesce(m.eligible_at, m.created_at)))) as to_sent,
    percentile_disc(%(shares)s::float8[]) within group (order by greatest(0,
        date_part('epoch', m.delivered_at - m.sent_at))) filter (where m.delivered_at is not null) as to_delivered,
    percentile_disc(%(shares)s::float8[]) within group (order by greatest(0,
        date_part('epoch', m.read_at - m.delivered_at))) filter (where m.read_at is not null) as to_read
from unnest(%(lows)s::uuid[], %(highs)s::uuid[]) as s (low, high)
-- Looked up stretch by stretch, whatever the planner thinks of their number.
cross join lateral (
    select * from messages
    where id >= s.low and id < s.high and sent_at is not null and not is_smoke(campaign_id)
        and (%(instance)s::text is null or instance = %(instance)s)
        and (%(campaign)s::text is null or campaign_id::text = %(campaign)s)
    offset 0
) m
group by 1, 2 order by 1, 2
