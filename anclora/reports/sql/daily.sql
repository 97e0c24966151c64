-- name: count_spans
-- What happened in each of three spans, by number, and in the first one by hour. Spans beside each other are told apart
-- row by row: a join would compare every moment with each of them. A message is made a year before it goes at most.
with moments as (
    select m.instance, f.what, f.at
    from messages m
    cross join lateral (values
        ('sent', m.sent_at), ('delivered', m.delivered_at), ('read', m.read_at),
        ('failed', case when m.state in ('failed', 'dead') then m.state_at end)) as f (what, at)
    where m.id >= %(low)s and m.id < %(high)s
        and greatest(m.sent_at, m.delivered_at, m.read_at, m.state_at) >= %(oldest)s
    union all
    select h.instance, 'received', h.at
    from heard h
    where h.id >= %(heard_low)s and h.id < %(heard_high)s and h.direction = 'in' and h.target is null
        and h.group_jid is null
), placed as (
    select instance, what, at, case
        when at >= %(since_1)s and at < %(until_1)s then 1
        when at >= %(since_2)s and at < %(until_2)s then 2
        when at >= %(since_3)s and at < %(until_3)s then 3
    end as place
    from moments
)
select place, instance, what, case when place = 1 then width_bucket(at, %(hours)s::timestamptz[]) end as hour,
    count(*)::integer as n
from placed where place is not null
group by 1, 2, 3, 4

-- name: count_failures
-- Why messages failed in a span, the most frequent reason first.
select coalesce(reason_code, 'unknown') as code, count(*)::integer as count,
    array_agg(distinct instance order by instance) as numbers
from messages
where id >= %(low)s and id < %(high)s and state in ('failed', 'dead') and state_at >= %(since)s and state_at < %(until)s
group by 1 order by 2 desc, 1 limit %(limit)s

-- name: count_tries
-- Requests to the providers that ended in a span.
select count(*)::integer as count, count(*) filter (where outcome = 'refused')::integer as refused,
    count(*) filter (where outcome in ('unknown', 'orphaned'))::integer as unknown
from attempts
where message_id >= %(low)s and message_id < %(high)s and finished_at >= %(since)s and finished_at < %(until)s

-- name: count_dead
-- What waits for a person's decision, died by the end of a span.
select count(*)::integer as count
from dead_letters d join messages m on m.id = d.message_id and m.state = 'dead'
where d.died_at < %(until)s
