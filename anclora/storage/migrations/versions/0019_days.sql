-- A year of figures is read by its days, which are those of one zone: the one the figures are folded in.
create table tally_zone (
    one   boolean primary key default true constraint tally_zone_one check (one),
    zone  text not null
);
insert into tally_zone (zone) values ('Europe/Madrid');

-- Three kinds of rows: quarters (15) and days (1440) of each sort of message, hours (60) of each number.
alter table tallies drop constraint tallies_grain_known;
alter table tallies add constraint tallies_grain_known check (grain in (15, 60, 1440));
create index tallies_campaign on tallies (campaign, grain, at) where campaign <> '';

delete from tallies where grain = 60;
insert into tallies
select g.grain, g.at, t.instance, g.campaign, g.template, g.class, g.cause,
    sum(accepted), sum(sent), sum(delivered), sum(read), sum(played), sum(failed), sum(dead), sum(expired),
    sum(canceled), sum(blocked), sum(received), sum(typed), sum(opt_outs)
from tallies t cross join lateral (values
    (60, date_bin('1 hour', t.at, timestamptz '2000-01-01 00:00:00+00'), '', '', '', ''),
    (1440, date_trunc('day', t.at, 'Europe/Madrid'), t.campaign, t.template, t.class, t.cause)
) as g (grain, at, campaign, template, class, cause)
where t.grain = 15
group by g.grain, g.at, t.instance, g.campaign, g.template, g.class, g.cause;

-- What agents did is counted by when they did it.
create index conversation_history_agents on conversation_history (at) where kind in ('claimed', 'released');
