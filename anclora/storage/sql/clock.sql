-- name: database_time
-- Proves that Postgres answers, and tells how far our clock is off.
select clock_timestamp() as at
