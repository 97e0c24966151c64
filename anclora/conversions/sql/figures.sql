-- name: count_conversions
-- Numbers and values of a period by kind and currency. A refund counts in its own moment, a correction in the one of what
-- it corrects, both at the rate of the conversion's day. A row's value in the other currency is what the whole is worth
-- there with it, less what it was worth without it: refunds in parts leave nothing, whatever rounding does to each.
with rates as materialized (
    select currency, rate, valid_from,
        coalesce(lead(valid_from) over (partition by currency order by valid_from), 'infinity') as valid_until
    from conversion_rates where target = %(currency)s
), valued as (
    select c.kind, c.event, c.currency, u.exponent, c.counts, c.amount,
        (c.valued_at at time zone %(zone)s)::date as day,
        case when c.currency = %(currency)s then c.amount
            else exchanged(c.net, x.rate, u.exponent, %(exponent)s)
                - exchanged(c.net - c.amount, x.rate, u.exponent, %(exponent)s)
        end as converted
    from conversions c
    left join currencies u on u.code = c.currency
    left join rates x on x.currency = c.currency
        and x.valid_from <= (c.valued_at at time zone %(zone)s)::date
        and x.valid_until > (c.valued_at at time zone %(zone)s)::date
    where c.occurred_at >= %(since)s and c.occurred_at < %(until)s
        and (%(account)s::text is null or c.account = %(account)s)
        and (%(campaign_id)s::uuid is null and %(instance)s::text is null and %(template)s::text is null or exists (
            select from conversion_touches t
            where t.conversion_id = c.original_id and case when %(touch)s = 'first' then t.first else t.last end
                and (%(campaign_id)s::uuid is null or t.campaign_id = %(campaign_id)s)
                and (%(instance)s::text is null or t.instance = %(instance)s)
                and (%(template)s::text is null or t.template = %(template)s)
        ))
)
select v.kind, k.revenue, v.currency, v.exponent, sum(v.counts)::integer as counts,
    count(*) filter (where v.event = 'refunded')::integer as refunds,
    coalesce(sum(v.amount), 0) as amount,
    coalesce(sum(v.converted), 0) as converted,
    coalesce(sum(v.amount) filter (where v.converted is null), 0) as unconverted,
    count(v.amount) filter (where v.converted is null)::integer as without_rate,
    min(v.day) filter (where v.amount is not null and v.converted is null) as first_day
from valued v join conversion_kinds k on k.name = v.kind
group by v.kind, k.revenue, v.currency, v.exponent
order by v.kind, v.currency nulls first

-- name: read_exponent
-- The digits behind the point of a currency.
select exponent from currencies where code = %(currency)s

-- name: read_exponents
-- Those of every currency.
select code, exponent from currencies
