-- name: fold
-- Takes a batch of deltas into the figures of their quarters, hours and days. One at a time, so it waits for nobody;
-- whoever reads sees each delta either here or there. Those of the smoke test go nowhere.
with taken as (
    delete from tally_deltas where ctid = any (array(select ctid from tally_deltas limit %(limit)s))
    returning at, instance, coalesce(campaign_id::text, '') as campaign, coalesce(template, '') as template, class,
        coalesce(cause, '') as cause, what, n, is_smoke(campaign_id) as smoke
), folded as (
    insert into tallies as t (
        grain, at, instance, campaign, template, class, cause,
        accepted, sent, delivered, read, played, failed, dead, expired, canceled, blocked, received, typed, opt_outs
    )
    select g.grain, g.at, t.instance, g.campaign, g.template, g.class, g.cause,
        coalesce(sum(n) filter (where what = 'accepted'), 0), coalesce(sum(n) filter (where what = 'sent'), 0),
        coalesce(sum(n) filter (where what = 'delivered'), 0), coalesce(sum(n) filter (where what = 'read'), 0),
        coalesce(sum(n) filter (where what = 'played'), 0), coalesce(sum(n) filter (where what = 'failed'), 0),
        coalesce(sum(n) filter (where what = 'dead'), 0), coalesce(sum(n) filter (where what = 'expired'), 0),
        coalesce(sum(n) filter (where what = 'canceled'), 0), coalesce(sum(n) filter (where what = 'blocked'), 0),
        coalesce(sum(n) filter (where what = 'received'), 0), coalesce(sum(n) filter (where what = 'typed'), 0),
        coalesce(sum(n) filter (where what = 'opt_outs'), 0)
    from taken t cross join tally_zone z cross join lateral (values
        (15, t.at, t.campaign, t.template, t.class, t.cause),
        (60, date_bin('1 hour', t.at, timestamptz '2000-01-01 00:00:00+00'), '', '', '', ''),
        (1440, date_trunc('day', t.at, z.zone), t.campaign, t.template, t.class, t.cause)
    ) as g (grain, at, campaign, template, class, cause)
    where not t.smoke
    group by 1, 2, 3, 4, 5, 6, 7
    order by 1, 2, 3, 4, 5, 6, 7
    on conflict (grain, at, instance, campaign, template, class, cause) do update set
        accepted = t.accepted + excluded.accepted, sent = t.sent + excluded.sent,
        delivered = t.delivered + excluded.delivered, read = t.read + excluded.read,
        played = t.played + excluded.played, failed = t.failed + excluded.failed, dead = t.dead + excluded.dead,
        expired = t.expired + excluded.expired, canceled = t.canceled + excluded.canceled,
        blocked = t.blocked + excluded.blocked, received = t.received + excluded.received,
        typed = t.typed + excluded.typed, opt_outs = t.opt_outs + excluded.opt_outs
)
select count(*) from taken

-- name: read_tallies
-- The figures of a period, part by part: its middle by the largest rows that say enough, its edges by quarters, and what
-- is not folded yet. Days of another zone than the asked one are no answer: then there is not a single row.
with parts as (
    select at, instance, campaign, template, class, cause,
        accepted, sent, delivered, read, played, failed, dead, expired, canceled, blocked, received, typed, opt_outs
    from tallies
    where grain = %(rows)s and at >= %(head)s and at < %(tail)s
        and (%(instance)s::text is null or instance = %(instance)s)
        and (%(campaign)s::text is null or campaign = %(campaign)s)
    union all
    select at, instance, campaign, template, class, cause,
        accepted, sent, delivered, read, played, failed, dead, expired, canceled, blocked, received, typed, opt_outs
    from tallies
    where grain = 15 and at >= %(since)s and at < %(head)s
        and (%(instance)s::text is null or instance = %(instance)s)
        and (%(campaign)s::text is null or campaign = %(campaign)s)
    union all
    select at, instance, campaign, template, class, cause,
        accepted, sent, delivered, read, played, failed, dead, expired, canceled, blocked, received, typed, opt_outs
    from tallies
    where grain = 15 and at >= %(tail)s and at < %(until)s
        and (%(instance)s::text is null or instance = %(instance)s)
        and (%(campaign)s::text is null or campaign = %(campaign)s)
    union all
    select at, instance, coalesce(campaign_id::text, ''), coalesce(template, ''), class, coalesce(cause, ''),
        case when what = 'accepted' then n else 0 end, case when what = 'sent' then n else 0 end,
        case when what = 'delivered' then n else 0 end, case when what = 'read' then n else 0 end,
        case when what = 'played' then n else 0 end, case when what = 'failed' then n else 0 end,
        case when what = 'dead' then n else 0 end, case when what = 'expired' then n else 0 end,
        case when what = 'canceled' then n else 0 end, case when what = 'blocked' then n else 0 end,
        case when what = 'received' then n else 0 end, case when what = 'typed' then n else 0 end,
        case when what = 'opt_outs' then n else 0 end
    from tally_deltas
    where at >= %(since)s and at < %(until)s and not is_smoke(campaign_id)
        and (%(instance)s::text is null or instance = %(instance)s)
        and (%(campaign)s::text is null or campaign_id::text = %(campaign)s)
)
select case when %(by)s <> 'at' then null
        when %(grain)s = 1440 then date_trunc('day', at, %(zone)s)
        else date_bin(make_interval(mins => %(grain)s::integer), at, timestamptz '2000-01-01 00:00:00+00') end as at,
    case %(by)s when 'instance' then instance when 'campaign' then campaign when 'template' then template
        when 'class' then class when 'cause' then cause else '' end as key,
    sum(accepted)::bigint as accepted, sum(sent)::bigint as sent, sum(delivered)::bigint as delivered,
    sum(read)::bigint as read, sum(played)::bigint as played, sum(failed)::bigint as failed,
    sum(dead)::bigint as dead, sum(expired)::bigint as expired, sum(canceled)::bigint as canceled,
    sum(blocked)::bigint as blocked, sum(received)::bigint as received, sum(typed)::bigint as typed,
    sum(opt_outs)::bigint as opt_outs
from parts
where %(rows)s <> 1440 or (select zone from tally_zone) = %(zone)s
group by 1, 2 order by 1, 2

-- name: compare
-- The quarters beside what the rows say; hours and days (those that lie in the span whole) beside what their quarters say.
-- A first row tells how many facts there are and how many figures differ; the first that differ follow.
with told as (
    select t.grain, t.at, t.instance, t.campaign, t.template, t.class, t.cause, f.what, f.n
    from tallies t cross join lateral (values
        ('accepted', t.accepted), ('sent', t.sent), ('delivered', t.delivered), ('read', t.read),
        ('played', t.played), ('failed', t.failed), ('dead', t.dead), ('expired', t.expired),
        ('canceled', t.canceled), ('blocked', t.blocked), ('received', t.received), ('typed', t.typed),
        ('opt_outs', t.opt_outs)
    ) as f (what, n)
    where t.at >= %(since)s and t.at < %(until)s and f.n <> 0
), counted as (
    select at, instance, campaign, template, class, cause, what, count(*) as n
    from tally_facts where at >= %(since)s and at < %(until)s
    group by at, instance, campaign, template, class, cause, what
), sides as (
    select 15 as grain, at, instance, campaign, template, class, cause, what, n as tallied, 0 as counted
    from told where grain = 15
    union all
    select 15, at, instance, coalesce(campaign_id::text, ''), coalesce(template, ''), class, coalesce(cause, ''), what,
        n, 0
    from tally_deltas where at >= %(since)s and at < %(until)s and not is_smoke(campaign_id)
    union all
    select 15, at, instance, campaign, template, class, cause, what, 0, n from counted
    union all
    select grain, at, instance, campaign, template, class, cause, what, n, 0 from told where grain <> 15
    union all
    select g.grain, g.at, t.instance, g.campaign, g.template, g.class, g.cause, t.what, 0, t.n
    from told t cross join tally_zone z cross join lateral (values
        (60, date_bin('1 hour', t.at, timestamptz '2000-01-01 00:00:00+00'), '', '', '', ''),
        (1440, date_trunc('day', t.at, z.zone), t.campaign, t.template, t.class, t.cause)
    ) as g (grain, at, campaign, template, class, cause)
    where t.grain = 15
), different as (
    select grain, at, instance, campaign, template, class, cause, what,
        sum(tallied)::bigint as tallied, sum(counted)::bigint as counted
    from sides cross join tally_zone z
    where grain <> 1440 or at >= %(since)s
        and (date_trunc('day', at, z.zone) at time zone z.zone + interval '1 day') at time zone z.zone <= %(until)s
    group by grain, at, instance, campaign, template, class, cause, what
    having sum(tallied) <> sum(counted)
), head as (
    select (select coalesce(sum(n), 0) from counted)::bigint as facts, (select count(*) from different) as differences
)
select h.facts, h.differences, d.*
from head h left join (
    select * from different order by at, grain, instance, campaign, template, class, cause, what limit %(limit)s
) d on true
order by d.at, d.grain, d.instance, d.what

-- name: append_differences
-- What the quarters lack by the rows, as deltas. This statement sees one moment of the ledger, folded and not.
with told as (
    select t.at, t.instance, t.campaign, t.template, t.class, t.cause, f.what, f.n
    from tallies t cross join lateral (values
        ('accepted', t.accepted), ('sent', t.sent), ('delivered', t.delivered), ('read', t.read),
        ('played', t.played), ('failed', t.failed), ('dead', t.dead), ('expired', t.expired),
        ('canceled', t.canceled), ('blocked', t.blocked), ('received', t.received), ('typed', t.typed),
        ('opt_outs', t.opt_outs)
    ) as f (what, n)
    where t.grain = 15 and f.n <> 0
), sides as (
    select at, instance, campaign, template, class, cause, what, -n as n from told
    union all
    select at, instance, coalesce(campaign_id::text, ''), coalesce(template, ''), class, coalesce(cause, ''), what, -n
    from tally_deltas where not is_smoke(campaign_id)
    union all
    select at, instance, campaign, template, class, cause, what, count(*) from tally_facts
    group by at, instance, campaign, template, class, cause, what
)
insert into tally_deltas (at, instance, campaign_id, template, class, what, cause, n)
select at, instance, nullif(campaign, '')::uuid, nullif(template, ''), class, what, nullif(cause, ''), sum(n)
from sides group by at, instance, campaign, template, class, cause, what
having sum(n) <> 0

-- name: forget_sums
-- Hours and days are made anew from their quarters.
delete from tallies where grain = any (%(grains)s::smallint[])

-- name: rebuild_sums
-- A row for each hour of a number, and for each day of each sort of message, of what their quarters hold.
insert into tallies
select g.grain, g.at, t.instance, g.campaign, g.template, g.class, g.cause,
    sum(accepted), sum(sent), sum(delivered), sum(read), sum(played), sum(failed), sum(dead), sum(expired),
    sum(canceled), sum(blocked), sum(received), sum(typed), sum(opt_outs)
from tallies t cross join tally_zone z cross join lateral (values
    (60, date_bin('1 hour', t.at, timestamptz '2000-01-01 00:00:00+00'), '', '', '', ''),
    (1440, date_trunc('day', t.at, z.zone), t.campaign, t.template, t.class, t.cause)
) as g (grain, at, campaign, template, class, cause)
where t.grain = 15 and g.grain = any (%(grains)s::smallint[])
group by g.grain, g.at, t.instance, g.campaign, g.template, g.class, g.cause

-- name: change_zone
-- Days are those of this zone from now on; a row = they were those of another one.
update tally_zone set zone = %(zone)s where zone <> %(zone)s returning zone
