-- name: reschedule
-- Another time, by the same compare-and-set as cancel. Without an ordinal it is in the schedule and in no order.
update messages
set state = 'scheduled', state_at = now(), send_at = coalesce(%(send_at)s, now()), send_zone = %(send_zone)s,
    ordinal = null, eligible_at = null, hold_reason = null, hold_until = null
where id = %(id)s and state in ('queued', 'scheduled')
    and (expires_at is null or expires_at > coalesce(%(send_at)s, now()))
returning send_at
