-- name: unacknowledged
-- What went out from a number lately and nobody acknowledged, the newest first.
select p.provider_id from provider_messages p
where p.instance = %(name)s and p.created_at >= %(since)s and p.acked_at is null and p.error_at is null and p.rank < 2
    and p.message_id is not null
order by p.created_at desc limit %(limit)s

-- name: open_own_gate
-- What an operator closed stays closed.
delete from gates where what = 'instance' and value = %(name)s and instance = '' and actor = %(actor)s returning what
