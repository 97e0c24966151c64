-- ISO 4217: how many digits stand behind the point of each currency's amounts, which are kept as whole minor units.
create table currencies (
    code      text primary key constraint currencies_code_shape check (code ~ '^[A-Z]{3}$'),
    exponent  smallint not null constraint currencies_exponent_known check (exponent between 0 and 4)
);
insert into currencies (code, exponent)
select code, exponent from (values
    (2, 'AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY '
        'COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR '
        'ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK '
        'MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP '
        'SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER '
        'ZAR ZMW ZWG'),
    (0, 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'),
    (3, 'BHD IQD JOD KWD LYD OMR TND'),
    (4, 'CLF UYW')
) as listed (exponent, codes), unnest(string_to_array(codes, ' ')) as code;

-- What counts as a conversion; the value of a kind that is revenue is summed as such.
create table conversion_kinds (
    name        text primary key constraint conversion_kinds_name_shape check (name ~ '^[a-z][a-z0-9_]{0,39}$'),
    meaning     text not null,
    revenue     boolean not null default false,
    created_at  timestamptz not null default now()
);
insert into conversion_kinds (name, meaning, revenue) values
    ('lead', 'somebody who is interested', false),
    ('qualified_lead', 'somebody who is interested and fits', false),
    ('appointment', 'a visit or a call was agreed on', false),
    ('sale', 'something was sold', true);

-- One unit of `currency` is `rate` units of `target`, from that day on until the next row.
create table conversion_rates (
    currency    text not null references currencies (code),
    target      text not null references currencies (code),
    valid_from  date not null,
    rate        numeric not null constraint conversion_rates_positive check (rate > 0),
    set_at      timestamptz not null default now(),
    set_by      text not null,
    primary key (currency, target, valid_from),
    constraint conversion_rates_differ check (currency <> target)
);

-- Short links: where each leads was fixed when it was made.
create table links (
    id               uuid primary key,
    token            text not null constraint links_token_unique unique,
    account          text not null,
    url              text not null,
    message_id       uuid,
    contact_id       uuid,
    campaign_id      uuid,
    conversion_kind  text references conversion_kinds (name),
    created_at       timestamptz not null,
    created_by       text not null,
    expires_at       timestamptz
);
create index links_contact on links (contact_id) where contact_id is not null;

-- Who followed one: a kind of device and no address. `scanner` = why it was no person.
create table link_clicks (
    id       uuid primary key,
    link_id  uuid not null references links (id),
    at       timestamptz not null,
    agent    text not null
        constraint link_clicks_agent_known check (agent in ('mobile', 'desktop', 'other')),
    scanner  text
);
create index link_clicks_link on link_clicks (link_id, id);

-- What became of talks. A row never changes: a refund or a correction is a row that names the first one. `amount` is what
-- the row adds to the value, in minor units, and `net` what the value is with it; `counts` is what it adds to the number.
-- `valued_at` is the moment of the first row, whose day says at which rate all of them are exchanged.
create table conversions (
    id           uuid primary key,
    account      text not null,
    original_id  uuid not null references conversions (id),
    event        text not null
        constraint conversions_event_known check (event in ('recorded', 'refunded', 'corrected')),
    kind         text not null references conversion_kinds (name),
    external_id  text,
    hash         bytea not null,
    contact_id   uuid not null,
    message_id   uuid,
    campaign_id  uuid,
    amount       bigint,
    net          bigint constraint conversions_net_known check (net >= 0),
    currency     text references currencies (code),
    counts       smallint not null constraint conversions_counts_known check (counts between -1 and 1),
    note         text,
    source       text not null constraint conversions_source_known check (source in ('api', 'csv', 'link')),
    occurred_at  timestamptz not null,
    valued_at    timestamptz not null,
    recorded_at  timestamptz not null,
    recorded_by  text not null,
    constraint conversions_value_whole check ((amount is null) = (currency is null) and (amount is null) = (net is null))
);
create unique index conversions_external on conversions (account, event, kind, external_id)
    where external_id is not null;
create index conversions_occurred on conversions (occurred_at);
create index conversions_original on conversions (original_id, id);
create index conversions_contact on conversions (contact_id, id);

-- What had reached the person before: the first and the last of them are what a conversion is put down to.
create table conversion_touches (
    conversion_id  uuid not null references conversions (id),
    place          integer not null,
    kind           text not null
        constraint conversion_touches_kind_known check (kind in ('message', 'click', 'referral', 'named')),
    at             timestamptz not null,
    instance       text,
    message_id     uuid,
    click_id       uuid,
    link_id        uuid,
    heard_id       uuid,
    referral       jsonb,
    campaign_id    uuid,
    template       text,
    tags           text[] not null default '{}',
    first          boolean not null,
    last           boolean not null,
    primary key (conversion_id, place)
);
create index conversion_touches_campaign on conversion_touches (campaign_id) where campaign_id is not null;

-- The advertisement whose button began a talk, beside the first message behind it.
alter table heard add column referral jsonb;
create index heard_referrals on heard (contact_id) where referral is not null;

-- Only what can be put down to something: a plain text costs nothing here.
create index messages_touches on messages (contact_id)
    where campaign_id is not null or tags <> '{}' or kind = 'template';

-- An amount of minor units in another currency: halves go away from zero, as they do on paper.
create function exchanged(amount bigint, rate numeric, exponent integer, target_exponent integer)
returns numeric language sql immutable as $$
    select round(amount * rate * power(10::numeric, target_exponent - exponent))
$$;
