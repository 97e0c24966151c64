-- name: insert_hook
-- A new subscription; it hears of what happens from now on.
insert into hooks (id, created_at, name, url, types, secret, batch_size, linger_seconds, next_at)
values (%(id)s, %(now)s, %(name)s, %(url)s, %(types)s, %(secret)s, %(batch_size)s, %(linger_seconds)s, %(now)s)
returning *

-- name: read_hook
-- One subscription.
select * from hooks where id = %(id)s

-- name: read_hooks
-- Every subscription, the oldest first.
select * from hooks order by id

-- name: lock_hook
-- One subscription, held until the transaction ends.
select * from hooks where id = %(id)s for update

-- name: change_hook
-- What is left out (null) stays as it is. Another address starts with a clean slate.
update hooks set
    name = coalesce(%(name)s, name), types = coalesce(%(types)s, types),
    batch_size = coalesce(%(batch_size)s, batch_size), linger_seconds = coalesce(%(linger_seconds)s, linger_seconds),
    failures = case when url <> coalesce(%(url)s, url) then 0 else failures end,
    failing_since = case when url = coalesce(%(url)s, url) then failing_since end,
    suspect = case when url = coalesce(%(url)s, url) then suspect end,
    next_at = case when url <> coalesce(%(url)s, url) then %(now)s else next_at end,
    turn = case when url <> coalesce(%(url)s, url) then turn + 1 else turn end,
    url = coalesce(%(url)s, url)
where id = %(id)s
returning *

-- name: delete_hook
-- What was on its way to it is never looked at again, and goes with its days.
delete from hooks where id = %(id)s returning id

-- name: rotate_hook_secret
-- A new secret; the one before is good for a day.
update hooks set old_secret = secret, old_secret_until = %(until)s, secret = %(secret)s where id = %(id)s returning *

-- name: pause_hook
-- Nothing goes to it any more; whoever posts now may end, and changes no more than its deliveries.
update hooks set paused_at = %(now)s, paused_by = %(by)s, paused_why = %(why)s
where id = %(id)s and paused_at is null
returning *

-- name: resume_hook
-- From now on again, with a clean slate, and one event first. Who posts to it still may end before that.
update hooks set paused_at = null, paused_by = null, paused_why = null, failures = 0, failing_since = null, suspect = null,
    width = 1,    next_at = %(now)s, turn = turn + 1
where id = %(id)s
returning *

-- name: release_aside
-- What was set aside waits like all others, and what failed has its 24 hours before it again.
update hook_deliveries set state = 'waiting', due_at = %(now)s, alone = 0, first_tried_at = null
where hook_id = %(id)s and (state = 'aside' or (state = 'waiting' and first_tried_at is not null))

-- name: count_waiting
-- What waits for one subscription, counted up to a bound: how many, how many of them set aside, since when the oldest.
select count(*)::integer as waiting, (count(*) filter (where state = 'aside'))::integer as aside,
    min(created_at) as oldest_at, min(due_at) filter (where state = 'aside') as due_at
from (
    select state, due_at, created_at from hook_deliveries where hook_id = %(id)s and state = 'aside'
    union all
    (
        select state, due_at, created_at from hook_deliveries where hook_id = %(id)s and state = 'waiting'
        order by ordinal limit %(most)s
    )
) d

-- name: count_all_waiting
-- The same of every subscription that is not paused, for the metrics.
select count(*)::integer as waiting, min(d.created_at) as oldest_at
from hooks h cross join lateral (
    select created_at from hook_deliveries d where d.hook_id = h.id and d.state = 'waiting' order by ordinal limit %(most)s
) d
where h.paused_at is null

-- name: count_paused
-- How many subscriptions are paused, by whom.
select paused_by, count(*)::integer as n from hooks where paused_at is not null group by paused_by

-- name: forget_old_secrets
-- Their day is over.
update hooks set old_secret = null, old_secret_until = null where old_secret_until < %(now)s
