-- Notices of one incident share a thread and one alarm; what a reader may do about them comes back by its id.
alter table notices
    add column kind text not null default 'trigger'
        constraint notices_kind_known check (kind in ('trigger', 'acknowledge', 'resolve')),
    add column incident text,
    add column facts jsonb not null default '[]',
    add column actions jsonb not null default '[]';
create index notices_incident on notices (incident, created_at, id) where incident is not null;

-- Withdrawn = not told because it had become old news: the incident was over, or somebody had it.
alter table notice_deliveries drop constraint notice_deliveries_state_known;
alter table notice_deliveries add constraint notice_deliveries_state_known
    check (state in ('waiting', 'delivered', 'failed', 'withdrawn'));

-- The ways a notice goes: legs side by side, each a ladder of channels. The next rung is used when the one before failed
-- or reached nobody in time, and spared when it need not be.
create table notice_rungs (
    notice_id     uuid not null references notices (id) on delete cascade,
    leg           smallint not null,
    rung          smallint not null,
    channel       text not null,
    targets       text[] not null,
    wait_seconds  double precision not null,
    state         text not null constraint notice_rungs_state_known check (state in ('waiting', 'used', 'spared')),
    used_at       timestamptz,
    constraint notice_rungs_pkey primary key (notice_id, leg, rung)
);
create index notice_rungs_waiting on notice_rungs (notice_id) where state = 'waiting';
