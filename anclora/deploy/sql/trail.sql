-- name: lock_service
-- One person changes the service at a time; false = somebody else does.
select pg_try_advisory_xact_lock(1634627441, hashtext(%(subject)s)) as ours

-- name: last_scaled
-- When it was scaled last, of the facts from an id on.
select at from audit
where id >= %(since_id)s and subject = %(subject)s and action = 'service.scale'
order by id desc limit 1
