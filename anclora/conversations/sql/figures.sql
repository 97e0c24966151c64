-- name: count_conversations
-- Conversations of a span of time: those that went on at its end, those opened, closed and answered first in it, and how
-- long people waited for that answer.
select
    (
        select count(*) from conversations v
        where v.merged_into is null and v.opened_at < %(until)s and (v.closed_at is null or v.closed_at >= %(until)s)
            and (%(instance)s::text is null or v.instance = %(instance)s)
    )::integer as active,
    (
        select count(*) from conversations v
        where v.merged_into is null and v.opened_at >= %(since)s and v.opened_at < %(until)s
            and (%(instance)s::text is null or v.instance = %(instance)s)
    )::integer as new,
    (
        select count(*) from conversations v
        where v.merged_into is null and v.closed_at >= %(since)s and v.closed_at < %(until)s
            and (%(instance)s::text is null or v.instance = %(instance)s)
    )::integer as closed,
    w.answered, w.waits
from (
    select count(*)::integer as answered,
        percentile_cont(array[0.5, 0.95]) within group (
            order by date_part('epoch', v.first_response_at - v.opened_at)) as waits
    from conversations v
    where v.merged_into is null and v.first_response_at >= %(since)s and v.first_response_at < %(until)s
        and (%(instance)s::text is null or v.instance = %(instance)s)
) w

-- name: count_handoffs
-- Handoffs of a span of time, by reason.
select l.reason, count(*)::integer as n
from conversation_history l
where l.kind = 'handoff' and l.at >= %(since)s and l.at < %(until)s
    and (%(instance)s::text is null or l.instance = %(instance)s)
group by l.reason
