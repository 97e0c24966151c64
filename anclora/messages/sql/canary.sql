-- name: take_quiet_numbers
-- Open numbers that nobody acknowledged anything for long, each with another one of ours to write to; it is its turn
-- again when as much time has passed.
with ours as (
    select i.name, i.owner,
        coalesce(lead(i.owner) over (order by i.name), first_value(i.owner) over (order by i.name)) as to
    from instances i
    where i.state = 'open' and i.removed_at is null and i.owner ~ '^[0-9]{6,15}$'
)
update instances i set canary_at = %(now)s
from ours o
where i.name = o.name and o.to <> o.owner and i.stalled_since is null
    and greatest(i.acked_at, i.canary_at, '-infinity') < %(since)s
returning i.name, o.to
