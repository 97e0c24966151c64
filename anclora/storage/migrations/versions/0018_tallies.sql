-- Which template a message is made from; figures are asked by it, and its content is bytes.
alter table messages add column template text;
update messages set template = convert_from(content, 'UTF8')::json ->> 'name' where kind = 'template';

-- The last minute is looked up by it, so new pages are summed up as they fill.
alter index provider_messages_created set (autosummarize = on);

-- Figures are kept by quarters of an hour of UTC: every time zone there is has its days and hours begin on one.
create function quarter(at timestamptz) returns timestamptz language sql immutable parallel safe as $$
    select date_bin('15 minutes', at, timestamptz '2000-01-01 00:00:00+00')
$$;

-- What a statement changed, appended by it: so many more of one fact (or fewer, when one turned out otherwise). Nobody
-- waits for anybody's row. Null = none. The chore that folds them takes them away.
create table tally_deltas (
    at           timestamptz not null,
    instance     text not null,
    campaign_id  uuid,
    template     text,
    class        text,
    what         text not null constraint tally_deltas_what_known check (what in ('accepted', 'sent', 'delivered', 'read',
        'played', 'failed', 'dead', 'expired', 'canceled', 'blocked', 'received', 'typed', 'opt_outs')),
    cause        text,
    n            integer not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

-- The figures: one row for each quarter (grain 15) and each hour (grain 60) of each sort of message; '' = none. A figure
-- is what is folded here and what is not folded yet, read in one statement. Of sums of integers Postgres is fast.
create table tallies (
    grain      smallint not null constraint tallies_grain_known check (grain in (15, 60)),
    at         timestamptz not null,
    instance   text not null,
    campaign   text not null,
    template   text not null,
    class      text not null,
    cause      text not null,
    accepted   integer not null,
    sent       integer not null,
    delivered  integer not null,
    read       integer not null,
    played     integer not null,
    failed     integer not null,
    dead       integer not null,
    expired    integer not null,
    canceled   integer not null,
    blocked    integer not null,
    received   integer not null,
    typed      integer not null,
    opt_outs   integer not null,
    constraint tallies_pkey primary key (grain, at, instance, campaign, template, class, cause)
) with (fillfactor = 90);

-- The facts themselves, by the rows that are their only truth: what the figures are recounted from. A message counts as
-- accepted, sent, delivered, read and played in the moments its row names, and in the state it ended in at the moment it
-- came to it; when it turns out otherwise (a dead one was delivered after all), it has not been dead.
create view tally_facts as
select quarter(f.at) as at, m.instance, coalesce(m.campaign_id::text, '') as campaign,
    coalesce(m.template, '') as template, m.class, f.what, f.cause
from messages m
cross join lateral (values
    ('accepted', m.created_at, ''),
    ('sent', m.sent_at, ''),
    ('delivered', m.delivered_at, ''),
    ('read', m.read_at, ''),
    ('played', m.played_at, ''),
    (m.state, case when m.state in ('failed', 'dead', 'expired', 'canceled', 'blocked') then m.state_at end,
        coalesce(m.reason_code, ''))
) as f (what, at, cause)
where f.at is not null
union all
select quarter(at), instance, '', '', '', case direction when 'in' then 'received' else 'typed' end, ''
from heard where kind not in ('edit', 'delete', 'reaction', 'vote')
union all
select quarter(at), '', '', '', '', 'opt_outs', '' from audit where action = 'contact.opt_out';

-- What there was before there were figures.
insert into tallies
select g.grain, date_bin(make_interval(mins => g.grain), f.at, timestamptz '2000-01-01 00:00:00+00'), f.instance,
    f.campaign, f.template, f.class, f.cause,
    count(*) filter (where what = 'accepted'), count(*) filter (where what = 'sent'),
    count(*) filter (where what = 'delivered'), count(*) filter (where what = 'read'),
    count(*) filter (where what = 'played'), count(*) filter (where what = 'failed'),
    count(*) filter (where what = 'dead'), count(*) filter (where what = 'expired'),
    count(*) filter (where what = 'canceled'), count(*) filter (where what = 'blocked'),
    count(*) filter (where what = 'received'), count(*) filter (where what = 'typed'),
    count(*) filter (where what = 'opt_outs')
from tally_facts f cross join (values (15), (60)) as g (grain)
group by 1, 2, 3, 4, 5, 6, 7;
