-- name: read_latencies
-- How long the messages took that were accepted in a span, part by part: seconds at each share, and how many there are.
select
    case when %(by)s in ('hour', 'day', 'week', 'month') then date_trunc(%(by)s, created_at, %(timezone)s) end as at,
    case %(by)s when 'instance' then instance when 'campaign' then coalesce(campaign_id::text, '')
        when 'template' then coalesce(template, '') when 'class' then class else '' end as key,
    count(sent_at)::integer as to_sent_count,
    count(delivered_at)::integer as to_delivered_count,
    count(read_at)::integer as to_read_count,
    percentile_disc(%(shares)s::float8[]) within group (order by greatest(0,
        extract(epoch from sent_at - coalesce(eligible_at, created_at)))::float8) as to_sent,
    percentile_disc(%(shares)s::float8[]) within group (order by greatest(0,
        extract(epoch from delivered_at - sent_at))::float8) filter (where delivered_at is not null) as to_delivered,
    percentile_disc(%(shares)s::float8[]) within group (order by greatest(0,
        extract(epoch from read_at - delivered_at))::float8) filter (where read_at is not null) as to_read
from messages
where id >= %(low)s::uuid and id < %(high)s::uuid and sent_at is not null
    and (%(instance)s::text is null or instance = %(instance)s)
    and (%(campaign)s::text is null or campaign_id::text = %(campaign)s)
group by 1, 2 order by 1, 2
