-- name: add_silence
-- A silence or a maintenance window.
insert into silences (id, kind, matches, starts_at, ends_at, author, reason, created_at)
values (%(id)s, %(kind)s, %(matches)s, %(starts_at)s, %(ends_at)s, %(author)s, %(reason)s, %(now)s)
returning *

-- name: end_silence
-- Ends one early; one that is over stays as it was.
update silences set canceled_at = %(now)s where id = %(id)s and canceled_at is null and ends_at > %(now)s returning *

-- name: read_silences
-- Those that went on within a time, or will; what was ended before it began is none.
select * from silences
where ends_at > %(since)s and (canceled_at is null or canceled_at > greatest(starts_at, %(since)s))
order by starts_at, id limit 1000
