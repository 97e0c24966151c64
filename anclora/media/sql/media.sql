-- name: keep_file
-- A file came, perhaps again: the newest name counts, and the longest promise.
insert into media (hash, bytes, mimetype, filename, kept_until)
values (%(hash)s, %(bytes)s, %(mimetype)s, %(filename)s, now() + make_interval(days => %(days)s))
on conflict (hash) do update
    set mimetype = excluded.mimetype, filename = coalesce(excluded.filename, media.filename),
        kept_until = greatest(media.kept_until, excluded.kept_until)
returning hash, bytes, mimetype, filename, kept_until

-- name: find_file
-- One file.
select hash, bytes, mimetype, filename, kept_until from media where hash = %(hash)s

-- name: reserve_files
-- The files messages need, held for them; sorted, so that two accepts never wait for each other in a circle.
with found as materialized (
    select m.hash from media m where m.hash = any (%(hashes)s::text[]) order by m.hash for update
)
update media m
set kept_until = greatest(m.kept_until, %(until)s::timestamptz + make_interval(days => %(days)s))
from found f
where m.hash = f.hash
returning m.hash, m.bytes, m.mimetype, m.filename, m.kept_until

-- name: forget_files
-- Files past their time.
delete from media where hash = any (array(
    select hash from media where kept_until < now() order by kept_until limit %(limit)s for update skip locked))
returning hash
