-- name: glance
-- Conversations that go on at the end of a span of time, and the handoffs in it.
select
    (
        select count(*) from conversations v
        where v.merged_into is null and v.closed_at is null and v.opened_at < %(until)s
            and (%(instance)s::text is null or v.instance = %(instance)s)
    )::integer + (
        select count(*) from conversations v
        where v.merged_into is null and v.closed_at >= %(until)s and v.opened_at < %(until)s
            and (%(instance)s::text is null or v.instance = %(instance)s)
    )::integer as active,
    (
        select count(*) from conversation_history l
        where l.kind = 'handoff' and l.at >= %(since)s and l.at < %(until)s
            and (%(instance)s::text is null or l.instance = %(instance)s)
    )::integer as handoffs

-- name: count_talks_apart
-- Conversations of a span of time, by slices of it or by number: those opened, closed and answered first, the handoffs, and
-- those that go on at its end (in no slice). A row a part, and one for those in no slice; `whole` = the waits of all.
with cut as materialized (
    select %(cuts)s::timestamptz[] as list
), waited as (
    select case when %(by)s = 'at' then width_bucket(first_response_at, (select list from cut)) end as place,
        case when %(by)s = 'instance' then instance end as name,
        date_part('epoch', first_response_at - opened_at) as wait
    from conversations
    where merged_into is null and first_response_at >= %(since)s and first_response_at < %(until)s
        and (%(instance)s::text is null or instance = %(instance)s)
), counted as (
    select place, name, grouping(place) > 0 as whole, 0 as active, 0 as new, 0 as closed, 0 as handoffs,
        count(*) as answered, percentile_cont(array[0.5, 0.95]) within group (order by wait) as waits
    from waited group by grouping sets ((place, name), ())
    union all
    select case when %(by)s = 'at' then width_bucket(opened_at, (select list from cut)) end,
        case when %(by)s = 'instance' then instance end, false, 0, count(*), 0, 0, 0, null
    from conversations
    where merged_into is null and opened_at >= %(since)s and opened_at < %(until)s
        and (%(instance)s::text is null or instance = %(instance)s)
    group by 1, 2
    union all
    select case when %(by)s = 'at' then width_bucket(closed_at, (select list from cut)) end,
        case when %(by)s = 'instance' then instance end, false, 0, 0, count(*), 0, 0, null
    from conversations
    where merged_into is null and closed_at >= %(since)s and closed_at < %(until)s
        and (%(instance)s::text is null or instance = %(instance)s)
    group by 1, 2
    union all
    select case when %(by)s = 'at' then width_bucket(at, (select list from cut)) end,
        case when %(by)s = 'instance' then instance end, false, 0, 0, 0, count(*), 0, null
    from conversation_history
    where kind = 'handoff' and at >= %(since)s and at < %(until)s
        and (%(instance)s::text is null or instance = %(instance)s)
    group by 1, 2
    union all
    select null, case when %(by)s = 'instance' then instance end, false, count(*), 0, 0, 0, 0, null
    from conversations
    where merged_into is null and closed_at is null and opened_at < %(until)s
        and (%(instance)s::text is null or instance = %(instance)s)
    group by 2
    union all
    select null, case when %(by)s = 'instance' then instance end, false, count(*), 0, 0, 0, 0, null
    from conversations
    where merged_into is null and closed_at >= %(until)s and opened_at < %(until)s
        and (%(instance)s::text is null or instance = %(instance)s)
    group by 2
)
select place, name, whole, sum(active)::integer as active, sum(new)::integer as new, sum(closed)::integer as closed,
    sum(handoffs)::integer as handoffs, sum(answered)::integer as answered, max(waits) as waits
from counted group by place, name, whole

-- name: count_agents_apart
-- What agents did in a span of time, by slices of it, by number or by agent. A row a part; `whole` = the waits of all.
with cut as materialized (
    select %(cuts)s::timestamptz[] as list
), waited as (
    select case when %(by)s = 'at' then width_bucket(first_response_at, (select list from cut)) end as place,
        case %(by)s when 'instance' then instance when 'agent' then first_response_agent end as name,
        date_part('epoch', first_response_at - opened_at) as wait
    from conversations
    where merged_into is null and first_response_agent is not null
        and first_response_at >= %(since)s and first_response_at < %(until)s
        and (%(instance)s::text is null or instance = %(instance)s)
), counted as (
    select place, name, grouping(place) > 0 as whole, 0 as claimed, 0 as handoffs_claimed, 0 as released,
        count(*) as answered, percentile_cont(array[0.5, 0.95]) within group (order by wait) as waits
    from waited group by grouping sets ((place, name), ())
    union all
    select case when %(by)s = 'at' then width_bucket(at, (select list from cut)) end,
        case %(by)s when 'instance' then instance when 'agent' then agent end, false,
        count(*) filter (where kind = 'claimed'), count(*) filter (where kind = 'claimed' and reason is not null),
        count(*) filter (where kind = 'released'), 0, null
    from conversation_history
    where kind in ('claimed', 'released') and agent is not null and at >= %(since)s and at < %(until)s
        and (%(instance)s::text is null or instance = %(instance)s)
    group by 1, 2
)
select place, name, whole, sum(claimed)::integer as claimed, sum(handoffs_claimed)::integer as handoffs_claimed,
    sum(released)::integer as released, sum(answered)::integer as answered, max(waits) as waits
from counted group by place, name, whole
