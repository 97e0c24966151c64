-- name: find_dead
-- A page of dead letters, the newest message first, each with the end of its last attempt.
select m.id, m.recipient, m.instance, m.class, m.priority, m.attempt, m.created_at, d.died_at, m.reason_code,
    m.reason_text, a.outcome as last_outcome, a.code as last_code, a.text as last_text, a.finished_at as last_at
from dead_letters d
join messages m on m.id = d.message_id and m.state = 'dead'
left join attempts a on a.message_id = m.id and a.attempt = m.attempt
where d.message_id < %(before)s
    and (%(instance)s::text is null or d.instance = %(instance)s)
    and (%(reason)s::text is null or d.reason_code = %(reason)s)
order by d.message_id desc limit %(limit)s

-- name: count_dead
-- How many there are, by reason.
select d.reason_code, count(*)::integer as n
from dead_letters d join messages m on m.id = d.message_id and m.state = 'dead'
where (%(instance)s::text is null or d.instance = %(instance)s)
    and (%(reason)s::text is null or d.reason_code = %(reason)s)
group by 1 order by 2 desc, 1

-- name: requeue_dead
-- Back into the queue, behind all that waits, with every try before them again. The attempt goes on counting: it is the
-- fence of results that may still come.
with chosen as materialized (
    select d.message_id from dead_letters d
    where (%(ids)s::uuid[] is null or d.message_id = any (%(ids)s::uuid[]))
        and (%(instance)s::text is null or d.instance = %(instance)s)
        and (%(reason)s::text is null or d.reason_code = %(reason)s)
    order by d.message_id limit %(limit)s
), locked as materialized (
    select m.id, m.state_at, m.reason_code from messages m
    where m.id = any (array(select message_id from chosen)) and m.state = 'dead'
    order by m.id
    for update
), gone as (
    delete from dead_letters d using chosen c where d.message_id = c.message_id
), placed as (
    select *, nextval('message_ordinal') as ordinal from (select * from locked order by id) l
), changed as (
    update messages m
    set state = 'queued', state_at = now(), ordinal = p.ordinal, tries = 0, lane_refusals = 0, blocks_until = null,
        unknown_at = null, next_attempt_at = now(), eligible_at = now(), reason_code = 'requeued', reason_text = null
    from placed p
    where m.id = p.id
    returning m.id, m.instance, m.campaign_id, m.template, m.class, p.state_at as died_at, p.reason_code as cause
), tallied as (
    insert into tally_deltas (at, instance, campaign_id, template, class, what, cause, n)
    select quarter(died_at), instance, campaign_id, template, class, 'dead', cause, -count(*) from changed
    group by 1, 2, 3, 4, 5, cause
)
select id from changed

-- name: discard_dead
-- Never to be sent: canceled, with the reason a person gave.
with chosen as materialized (
    select d.message_id from dead_letters d
    where (%(ids)s::uuid[] is null or d.message_id = any (%(ids)s::uuid[]))
        and (%(instance)s::text is null or d.instance = %(instance)s)
        and (%(reason)s::text is null or d.reason_code = %(reason)s)
    order by d.message_id limit %(limit)s
), locked as materialized (
    select m.id, m.state_at, m.reason_code from messages m
    where m.id = any (array(select message_id from chosen)) and m.state = 'dead'
    order by m.id
    for update
), gone as (
    delete from dead_letters d using chosen c where d.message_id = c.message_id
), changed as (
    update messages m
    set state = 'canceled', state_at = now(), unknown_at = null, reason_code = 'discarded', reason_text = %(why)s
    from locked l
    where m.id = l.id
    returning m.id, m.instance, m.campaign_id, m.template, m.class, l.state_at as died_at, l.reason_code as cause
), tallied as (
    insert into tally_deltas (at, instance, campaign_id, template, class, what, cause, n)
    select f.at, c.instance, c.campaign_id, c.template, c.class, f.what, f.cause, sum(f.n)
    from changed c
    cross join lateral (values ('dead', quarter(c.died_at), c.cause, -1), ('canceled', quarter(now()), 'discarded', 1))
        as f (what, at, cause, n)
    group by 1, 2, 3, 4, 5, 6, 7
)
select id from changed

-- name: put_back_dead
-- Of those that were requeued, what was not tried again yet: a dead letter as before, for the reason it had.
with locked as materialized (
    select m.id from messages m
    where m.id = any (%(ids)s::uuid[]) and m.state = 'queued' and m.reason_code = 'requeued' and m.tries = 0
    order by m.id
    for update
), changed as (
    update messages m
    set state = 'dead', state_at = now(), reason_code = %(reason)s, reason_text = null
    from locked l
    where m.id = l.id
    returning m.id, m.instance, m.campaign_id, m.template, m.class
), buried as (
    insert into dead_letters (message_id, instance, reason_code)
    select id, instance, %(reason)s from changed
    on conflict do nothing
), tallied as (
    insert into tally_deltas (at, instance, campaign_id, template, class, what, cause, n)
    select quarter(now()), instance, campaign_id, template, class, 'dead', %(reason)s::text, count(*) from changed
    group by 2, 3, 4, 5
)
select id from changed
