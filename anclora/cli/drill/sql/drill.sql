-- name: now
-- The ledger's clock.
select clock_timestamp() as at

-- name: delete_messages
-- What somebody does by mistake.
with gone as (delete from messages returning 1) select count(*)::integer as n from gone

-- name: delete_attempts
-- And with them what was tried.
delete from attempts
