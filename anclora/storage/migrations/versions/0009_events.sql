-- What happened, for integrators: appended by the transaction of the fact, kept for days, never changed.
create table events (
    id        uuid not null,
    type      text not null,
    subject   text not null,
    instance  text not null,
    at        timestamptz not null,
    data      jsonb not null,
    constraint events_pkey primary key (id)
) partition by range (id);
