-- name: expire
-- A slice of the queued messages that may leave no more, wherever they stand: a lane that is paused claims nothing, so the
-- intent, which says the same of what is claimed, would meet them only when it goes on. Whoever is at one just now (an
-- intent, a cancel) decides of it alone.
with late as materialized (
    select m.id from messages m
    where m.open and m.expires_at <= now() and m.state = 'queued'
    order by m.expires_at limit %(limit)s
), locked as materialized (
    select m.id from messages m
    where m.id = any (array(select id from late)) and m.state = 'queued'
    order by m.id
    for update skip locked
), changed as (
    update messages m
    set state = 'expired', state_at = now(), reason_code = 'expired', hold_reason = null, hold_until = null,
        worker_id = null
    from locked l
    where m.id = l.id
    returning m.id, m.instance, m.campaign_id, m.template, m.class
), tallied as (
    insert into tally_deltas (at, instance, campaign_id, template, class, what, cause, n)
    select quarter(now()), instance, campaign_id, template, class, 'expired', 'expired', count(*)
    from changed group by instance, campaign_id, template, class
)
select id, instance from changed
