-- name: keep_good
-- A backup is whole.
insert into backups (id, kind, tier, name, made_at, bytes, key_id, place)
values (%(id)s, %(kind)s, %(tier)s, %(name)s, %(made_at)s, %(bytes)s, %(key_id)s, %(place)s)

-- name: keep_failed
-- A try failed; `failed` is the sentence.
insert into backups (id, kind, tier, place, failed) values (%(id)s, %(kind)s, %(tier)s, %(place)s, %(failed)s)

-- name: keep_verified
-- A backup came back as it was.
update backups set verified_at = v.at, tried_at = v.at, unproved = null
from (select coalesce(%(at)s::timestamptz, now()) as at) v where name = %(name)s

-- name: keep_unproved
-- A backup could not be restored, or came back otherwise; `words` is the sentence.
update backups set tried_at = %(at)s, unproved = %(words)s where name = %(name)s

-- name: proofs
-- Of each kind when one came back as it was, and when the last try failed, if nothing came back since.
select kind, max(verified_at) as good_at, max(tried_at) filter (where unproved is not null) as failed_at
from backups where failed is null group by kind

-- name: newest
-- The newest good moment and the newest failure of each kind and tier.
select kind, tier, max(made_at) filter (where failed is null) as made_at, max(at) filter (where failed is not null) as failed_at
from backups where at > now() - interval '60 days' group by kind, tier

-- name: newest_good
-- The newest good backup of each kind, whatever it was made for; a base is another size, and tells nothing of dumps.
select distinct on (kind) kind, extract(epoch from made_at)::float8 as made_at, bytes
from backups where failed is null and tier <> 'base' order by kind, made_at desc

-- name: last_verified
-- Of these kinds the one nobody looked at for longest: when one was last restored and came out the same; before the first
-- time, since when there are backups.
select extract(epoch from min(at))::float8 as at from (
    select coalesce(max(verified_at), min(made_at)) as at from backups
    where failed is null and kind = any (%(kinds)s::text[]) group by kind
) as each_kind

-- name: forget
-- Rows nobody asks for any more; the newest good one of each kind stays.
delete from backups where at < now() - interval '400 days' and id <> all (array(
    select distinct on (kind) id from backups where failed is null order by kind, made_at desc))

-- name: be_alone_verifying
-- The same of the one that verifies them. The number is 0x616e6376, "ancv".
select pg_try_advisory_lock(1634624374) as alone

-- name: be_alone
-- Whether this connection is the one that makes backups; until it ends. The number is 0x616e636b, "anck".
select pg_try_advisory_lock(1634624363) as alone
