-- name: store_drift
-- Members nobody knew of before come back. A table of thousands would be somebody's game: then no more are kept.
insert into drift (provider, event, member)
select provider, event, member
from unnest(%(providers)s::text[], %(events)s::text[], %(members)s::text[]) as d (provider, event, member)
where (select count(*) from drift) < 5000
on conflict do nothing
returning provider, event, member

-- name: read_drift
-- The members this version does not know, the newest first.
select provider, event, member, since from drift order by since desc, provider, event, member limit %(limit)s
