-- name: read_retries
-- What somebody chose, failure by failure.
select failure, tries, base_seconds, factor, cap_seconds, jitter from retries

-- name: lock_retry
-- Changes of one failure go one after the other.
insert into retries (failure) values (%(failure)s) on conflict (failure) do update set failure = excluded.failure

-- name: write_retry
-- The whole row, old and changed values together.
insert into retries (failure, tries, base_seconds, factor, cap_seconds, jitter)
values (%(failure)s, %(tries)s, %(base_seconds)s, %(factor)s, %(cap_seconds)s, %(jitter)s)
on conflict (failure) do update set tries = excluded.tries, base_seconds = excluded.base_seconds,
    factor = excluded.factor, cap_seconds = excluded.cap_seconds, jitter = excluded.jitter
