-- What went out of the ledger, and where it lies. A month that came back with an old backup goes once more.
create table archives (
    month       date not null,
    table_name  text not null,
    place       text not null,
    key         text not null,
    rows        bigint not null,
    hash        text not null,
    bytes       bigint not null,
    dropped_at  timestamptz not null,
    constraint archives_pkey primary key (month, table_name, dropped_at),
    constraint archives_whole_month check (extract(day from month) = 1)
);

-- The facts of messages that are archived, counted from their rows before these went; '' = none.
create table archived_facts (
    month     date not null,
    at        timestamptz not null,
    instance  text not null,
    campaign  text not null,
    template  text not null,
    class     text not null,
    what      text not null,
    cause     text not null,
    n         integer not null constraint archived_facts_some check (n > 0),
    constraint archived_facts_pkey primary key (month, at, instance, campaign, template, class, what, cause)
);

-- What each message is counted as.
create view message_facts as
select m.id, quarter(f.at) as at, m.instance, coalesce(m.campaign_id::text, '') as campaign,
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
where f.at is not null;

-- As before, and with what is archived: a recount says the same before and after a month went.
create or replace view tally_facts as
select at, instance, campaign, template, class, what, cause from message_facts
union all
select at, instance, campaign, template, class, what, cause from archived_facts cross join generate_series(1, n)
union all
select quarter(at), instance, '', '', '', case direction when 'in' then 'received' else 'typed' end, ''
from heard where kind not in ('edit', 'delete', 'reaction', 'vote')
union all
select quarter(at), '', '', '', '', 'opt_outs', '' from audit where action = 'contact.opt_out';
