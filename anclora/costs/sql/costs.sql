-- name: lock_answer
-- One question at a time: whoever comes second finds the first one's answer.
select pg_advisory_xact_lock(hashtext('anclora cost review'))

-- name: find_answer
-- What was said of a month today.
select answer, asked_at from cost_answers where month = %(month)s and tag = %(tag)s and asked_on = %(today)s

-- name: keep_answer
-- Today's answer takes the place of an older one.
insert into cost_answers (month, tag, asked_on, answer) values (%(month)s, %(tag)s, %(today)s, %(answer)s)
on conflict (month, tag) do update set asked_on = excluded.asked_on, asked_at = now(), answer = excluded.answer
returning asked_at

-- name: count_delivered
-- Messages delivered in two months of UTC, as Amazon's months are.
select coalesce(sum(delivered) filter (where at >= %(month)s), 0)::bigint as delivered,
    coalesce(sum(delivered) filter (where at < %(month)s), 0)::bigint as before
from dashboard_messages where at >= %(before)s and at < %(end)s
