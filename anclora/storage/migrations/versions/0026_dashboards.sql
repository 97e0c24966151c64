-- The figures of messages by hours of UTC: what is folded, and what is not yet.
create view dashboard_messages as
select at, instance, sent, delivered, read, failed + dead as failed
from tallies where grain = 60
union all
select date_trunc('hour', at, 'UTC'), instance, case when what = 'sent' then n else 0 end, case when what = 'delivered' then n else 0 end,
    case when what = 'read' then n else 0 end, case when what in ('failed', 'dead') then n else 0 end
from tally_deltas;

-- Conversions one by one, with what each adds to the count of its kind and to the revenue in whole units of a currency;
-- null = there is no rate for its day. As the figures of conversions count them.
create function dashboard_conversions(target text, zone text)
returns table (at timestamptz, kind text, counts integer, revenue numeric) language sql stable parallel safe as $$
    with rates as (
        select currency, rate, valid_from,
            coalesce(lead(valid_from) over (partition by currency order by valid_from), 'infinity') as valid_until
        from conversion_rates where conversion_rates.target = $1
    ), own as (
        select exponent from currencies where code = $1
    )
    select c.occurred_at, c.kind, c.counts,
        case when not k.revenue then 0
            when c.currency = $1 then c.amount / 10.0 ^ o.exponent
            else (exchanged(c.net, x.rate, u.exponent, o.exponent)
                - exchanged(c.net - c.amount, x.rate, u.exponent, o.exponent)) / 10.0 ^ o.exponent
        end
    from conversions c
    join conversion_kinds k on k.name = c.kind
    cross join own o
    left join currencies u on u.code = c.currency
    left join rates x on x.currency = c.currency
        and x.valid_from <= (c.valued_at at time zone $2)::date
        and x.valid_until > (c.valued_at at time zone $2)::date
$$;
