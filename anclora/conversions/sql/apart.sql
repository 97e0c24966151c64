-- name: count_conversions_apart
-- The numbers and values of `count_conversions`, part by part: by slices of time, or by what the last touch names.
with cut as materialized (
    select %(cuts)s::timestamptz[] as list
), rates as materialized (
    select currency, rate, valid_from,
        coalesce(lead(valid_from) over (partition by currency order by valid_from), 'infinity') as valid_until
    from conversion_rates where target = %(currency)s
), valued as (
    select case when %(by)s = 'at' then width_bucket(c.occurred_at, (select list from cut)) end as place,
        case %(by)s when 'instance' then t.instance when 'campaign' then t.campaign_id::text
            when 'template' then t.template end as key,
        c.kind, c.counts,
        case when c.currency = %(currency)s then c.amount
            else exchanged(c.net, x.rate, u.exponent, %(exponent)s)
                - exchanged(c.net - c.amount, x.rate, u.exponent, %(exponent)s)
        end as converted
    from conversions c
    left join currencies u on u.code = c.currency
    left join rates x on x.currency = c.currency
        and x.valid_from <= (c.valued_at at time zone %(zone)s)::date
        and x.valid_until > (c.valued_at at time zone %(zone)s)::date
    left join conversion_touches t on t.conversion_id = c.original_id and t.last
        and (%(by)s <> 'at' or %(campaign_id)s::uuid is not null or %(instance)s::text is not null)
    where c.occurred_at >= %(since)s and c.occurred_at < %(until)s
        and (%(campaign_id)s::uuid is null or t.campaign_id = %(campaign_id)s)
        and (%(instance)s::text is null or t.instance = %(instance)s)
)
select v.place, coalesce(v.key, '') as key, v.kind, k.revenue, sum(v.counts)::integer as counts,
    coalesce(sum(v.converted), 0) as converted
from valued v join conversion_kinds k on k.name = v.kind
group by 1, 2, v.kind, k.revenue
