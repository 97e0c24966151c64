-- What the provider lets a number do, in its own words and as figures (0 = no limit, null = it does not say).
create table number_limits (
    instance                text primary key,
    quality                 text,
    tier                    text,
    throughput              text,
    per_minute              double precision,
    new_recipients_per_day  integer,
    read_at                 timestamptz not null default now()
);

-- Templates as the provider has them; what it no longer lists is gone and stays, because messages name it.
create table templates (
    provider     text not null,
    name         text not null,
    language     text not null,
    status       text not null,
    category     text,
    provider_id  text,
    components   jsonb,
    quality      text,
    reason       text,
    status_at    timestamptz not null default now(),
    synced_at    timestamptz,
    gone_at      timestamptz,
    constraint templates_pkey primary key (provider, name, language)
);
